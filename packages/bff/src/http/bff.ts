import { contentSecurityPolicy } from '@sallyport/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BffContext } from '../context.ts'
import { tokenRefresher } from '../fresh-tokens.ts'
import { signOut } from '../logout.ts'
import { proxyTarget } from '../rules/proxy-route.ts'
import type { OpenSession } from '../session.ts'
import { ownPageOnly } from './own-page.ts'
import { callUpstream, diedEarly, relay } from './proxy.ts'
import { refuse } from './refuse.ts'
import { clearSession, sessionOf } from './session-cookie.ts'
import { registerSignIn } from './sign-in-routes.ts'
import type { SiteFile } from './site.ts'

export interface BffSite {
  readonly files: ReadonlyMap<string, SiteFile>
  /** Origins besides our own that the page may call; such calls carry no cookie and no token. */
  readonly connect: readonly string[]
}

/** Adds the browser back end's routes to a listener: the page, sign-in, session, sign-out and the proxy to the APIs. */
export function registerBff(app: FastifyInstance, context: BffContext, site: BffSite): void {
  registerSite(app, site)
  registerSignIn(app, context)
  app.register(async calls => {
    calls.addHook('onRequest', ownPageOnly(context))
    registerSession(calls, context)
    registerProxy(calls, context)
  })
}

function registerSite(app: FastifyInstance, site: BffSite): void {
  const policy = contentSecurityPolicy({ scriptSelf: true, connect: site.connect, image: ['data:'] })
  for (const [path, file] of site.files) {
    app.get(path, async (request, reply) => {
      reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-cache', etag: file.etag }).type(file.type)
      return request.headers['if-none-match'] === file.etag ? reply.code(304).send() : reply.send(file.body)
    })
  }
}

function registerSession(calls: FastifyInstance, context: BffContext): void {
  calls.get('/bff/session', async (request, reply) => {
    const open = await sessionOf(request, context)
    if (open === undefined) return reply.send({ signed_in: false })
    const { user, tokens } = open.session
    return reply.send({ signed_in: true, user, scope: tokens.scope, expires_at: open.expiresAt })
  })

  calls.post('/bff/logout', async (request, reply) => {
    const open = await sessionOf(request, context)
    clearSession(reply)
    return reply.send(open === undefined ? { location: '/' } : await signOut(open, context))
  })
}

function registerProxy(calls: FastifyInstance, context: BffContext): void {
  const freshTokens = tokenRefresher(context)
  for (const { prefix } of context.settings.routes) {
    for (const url of [prefix, `${prefix}/*`]) {
      calls.all(url, async (request, reply) => {
        const open = await sessionOf(request, context)
        return open === undefined ? refuse(request, reply, 'signed_out') : forward(request, reply, open)
      })
    }
  }

  async function forward(request: FastifyRequest, reply: FastifyReply, open: OpenSession): Promise<FastifyReply> {
    const target = proxyTarget(request.method, request.raw.url ?? '', context.settings.routes)
    if ('refused' in target) {
      context.log.warn('call_refused', { ...target, request_id: request.id })
      const allow = target.refused === 'method_not_allowed' ? { allow: target.expected } : {}
      return refuse(request, reply, target.refused, allow)
    }
    const fresh = await freshTokens(open)
    if ('refused' in fresh) return refuseSession(request, reply, fresh.refused)
    try {
      const answer = await callUpstream(request, target.url, fresh.open.session.tokens, context)
      if (!diedEarly(answer)) return relay(answer, reply)
      // The API refused a token before its time: renewed, the call is made again; or the session is over, and the API's own words say why.
      const renewed = await freshTokens(fresh.open, true)
      if ('open' in renewed) {
        await answer.body.dump()
        return relay(await callUpstream(request, target.url, renewed.open.session.tokens, context), reply)
      }
      return relay(answer, renewed.refused === 'session_ended' ? clearSession(reply) : reply)
    } catch (cause) {
      context.log.warn('upstream_unreachable', { cause: String(cause), request_id: request.id })
      return refuse(request, reply, 'upstream_unreachable')
    }
  }
}

function refuseSession(
  request: FastifyRequest,
  reply: FastifyReply,
  refused: 'session_ended' | 'authority_unavailable',
): FastifyReply {
  if (refused === 'authority_unavailable') return refuse(request, reply, refused, { 'retry-after': '2' })
  return refuse(request, clearSession(reply), 'signed_out')
}
