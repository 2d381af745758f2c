/**
 * Preloaded into a started system (`--import`): writes down every route that a Fastify app of it registers, one JSON
 * object a line, to the file that `ROUTES_FILE` names. Nothing else about the process changes.
 */
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

let apps = 0

subscribe('fastify.initialization', message => {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  const app = apps
  apps += 1
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat())
      appendFileSync(process.env.ROUTES_FILE ?? '', `${JSON.stringify({ app, method: each, url })}\n`)
  })
})
