/** One Fastify (or Express, or node:http) server that answers `GET /orders` behind one way to check its caller; named by its first argument. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { guard } from '@sallyport/guard/fastify'
import express, { type RequestHandler } from 'express'
import { createVerifier } from 'fast-jwt'
import fastify, { type FastifyInstance } from 'fastify'
import { importJWK, jwtVerify } from 'jose'
import { freePorts } from '../../tests/free-ports.ts'

/** What a guarded side is told. */
export interface Asked {
  readonly issuer: string
  readonly resource: string
  readonly jwk: JsonWebKey
}

/** Required, not imported: its types give every Express request of this workspace an `auth`. */
const { auth }: { auth(options: object): RequestHandler } = createRequire(import.meta.url)('express-oauth2-jwt-bearer')

const [way = '', told = '{}'] = process.argv.slice(2)
const asked: Asked = JSON.parse(told)
const { issuer, resource } = asked
const body = { orders: [{ id: 'alice-1', total: 1250 }] }
const { port } = await freePorts(['port'])

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  guard: () => listen(guardedApp()),
  unguarded: () => listen(unguardedApp()),
  verified: () => listen(verifiedApp()),
  'fast-jwt': () => listen(fastJwtApp()),
  jose: async () => listen(await joseApp()),
  express: async () => {
    const app = express()
    app.use(auth({ issuer, audience: resource, jwksUri: `${issuer}/jwks`, tokenSigningAlg: 'ES256' }))
    app.get('/orders', (_request, response) => void response.json(body))
    await new Promise<void>(resolve => app.listen(port, '127.0.0.1', () => resolve()))
  },
  'raw-verify': () => rawVerify(),
}
await ways[way]?.()
process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`)
process.once('SIGTERM', () => process.exit(0))

function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ port, host: '127.0.0.1' })
}

/** Door one alone: door two allows everything, at no cost. */
function guardedApp(): FastifyInstance {
  const app = fastify()
  const policy = { revision: 'all', decide: () => ({ outcome: 'allow' }) as const }
  const protect = guard({ issuer, resource, policy, maxCachedTokens: 10_000, maxProofs: 1_000_000 })
  app.register(protect.plugin)
  app.after(() => app.get('/orders', { preHandler: protect('read:orders') }, () => body))
  return app
}

/** What is left to any guard on Fastify: a hook that checks nothing. */
function unguardedApp(): FastifyInstance {
  const app = fastify()
  app.get('/orders', { preHandler: (_request, _reply, done) => done(), handler: () => body })
  return app
}

/** What is left to any guard at first sight: one signature verified, those of one turn back to back, and nothing else read. */
function verifiedApp(): FastifyInstance {
  const key = createPublicKey({ key: asked.jwk, format: 'jwk' })
  const app = fastify()
  let waiting: (() => void)[] = []
  const verifyAll = () => {
    const all = waiting
    waiting = []
    for (const each of all) each()
  }
  app.get('/orders', {
    preHandler: (request, reply, done) => {
      if (waiting.length === 0) setImmediate(verifyAll)
      waiting.push(() => (isSigned(request.headers.authorization, key) ? done() : reply.code(401).send()))
    },
    handler: () => body,
  })
  return app
}

function fastJwtApp(): FastifyInstance {
  const key = createPublicKey({ key: asked.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  const check = createVerifier({ key, algorithms: ['ES256'], cache: 10_000, allowedIss: issuer, allowedAud: resource })
  const app = fastify()
  app.get('/orders', {
    preHandler: (request, _reply, done) => {
      check(request.headers.authorization?.slice('Bearer '.length) ?? '')
      done()
    },
    handler: () => body,
  })
  return app
}

async function joseApp(): Promise<FastifyInstance> {
  const key = await importJWK(asked.jwk, 'ES256')
  const app = fastify()
  app.get('/orders', {
    preHandler: async request => {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
      await jwtVerify(token, key, { issuer, audience: resource, algorithms: ['ES256'], typ: 'at+jwt' })
    },
    handler: () => body,
  })
  return app
}

/** node:http and one verification of a signature for each request: the floor of a fresh proof. */
function rawVerify(): Promise<void> {
  const key = createPublicKey({ key: asked.jwk, format: 'jwk' })
  const text = JSON.stringify(body)
  const server = createServer((request, response) => {
    const status = isSigned(request.headers.authorization, key) ? 200 : 401
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  })
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve()))
}

function isSigned(authorization: string | undefined, key: KeyObject): boolean {
  const token = authorization?.slice('Bearer '.length) ?? ''
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature)
}
