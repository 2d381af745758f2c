import {
  contentSecurityPolicy,
  expireHostCookie,
  type Failure,
  readCookie,
  readQuery,
  sendFailure,
  serializeHostCookie,
} from '@sallyport/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CallbackRefusal, finishLogin } from '../callback.ts'
import type { BffContext } from '../context.ts'
import { tokenRefresher } from '../fresh-tokens.ts'
import { beginLogin, loginAttemptTtlSeconds, loginCookieName } from '../login-attempt.ts'
import { signOut } from '../logout.ts'
import { judgeCsrf } from '../rules/csrf.ts'
import { proxyTarget } from '../rules/proxy-route.ts'
import { type OpenSession, openSession, startSession } from '../session.ts'
import { callUpstream, relay, unreachable } from './proxy.ts'
import { signInFailedPage } from './sign-in-failed-page.ts'
import type { SiteFile } from './site.ts'

const sessionCookie = '__Host-sp-bff'

export interface BffSite {
  readonly files: ReadonlyMap<string, SiteFile>
  /** Origins besides our own that the page may call; such calls carry no cookie and no token. */
  readonly connect: readonly string[]
}

/** Adds the browser back end's routes to a listener: the page, sign-in, session, sign-out and the proxy to the APIs. */
export function registerBff(app: FastifyInstance, context: BffContext, site: BffSite): void {
  const freshTokens = tokenRefresher(context)
  registerSite(app, site)
  registerSignIn(app, context)

  app.register(async calls => {
    calls.addHook('onRequest', async (request, reply) => {
      const verdict = judgeCsrf(callOrigin(request), context.settings.origin)
      if (verdict === 'ours') return
      context.log.warn('call_refused', { ...verdict, request_id: request.id })
      return sendFailure(request, reply, csrfFailure(verdict.refused))
    })

    calls.get('/bff/session', async (request, reply) => {
      const open = await openSession(cookieOf(request), context)
      if (open === undefined) return reply.send({ signed_in: false })
      return reply.send({
        signed_in: true,
        user: open.session.user,
        scope: open.session.tokens.scope,
        expires_at: open.expiresAt,
      })
    })

    calls.post('/bff/logout', async (request, reply) => {
      const open = await openSession(cookieOf(request), context)
      reply.header('set-cookie', expireHostCookie(sessionCookie, 'Strict'))
      return reply.send(open === undefined ? { location: '/' } : await signOut(open, context))
    })

    for (const { prefix } of context.settings.routes) {
      for (const url of [prefix, `${prefix}/*`]) {
        calls.all(url, async (request, reply) => {
          const open = await openSession(cookieOf(request), context)
          if (open === undefined) return sendFailure(request, reply, signedOut)
          return forward(request, reply, open)
        })
      }
    }
  })

  async function forward(request: FastifyRequest, reply: FastifyReply, open: OpenSession): Promise<FastifyReply> {
    const target = proxyTarget(request.method, request.raw.url ?? '', context.settings.routes)
    if ('refused' in target) {
      context.log.warn('call_refused', { ...target, request_id: request.id })
      return sendFailure(request, reply, routeFailure(target.refused, target.expected))
    }
    const fresh = await freshTokens(open)
    if ('refused' in fresh) return refuseSession(request, reply, fresh.refused)
    try {
      const upstream = await callUpstream(request, target.url, fresh.open.session.tokens, context)
      const died =
        upstream.statusCode === 401 && String(upstream.headers['www-authenticate']).includes('error="invalid_token"')
      if (died) await noteDeadToken(reply, fresh.open)
      return relay(upstream, reply)
    } catch (cause) {
      context.log.warn('upstream_unreachable', { cause: String(cause), request_id: request.id })
      return unreachable(request, reply)
    }
  }

  /** A token that the API refused before its time: renewed for the next call, or the whole session is over. The answer stays the API's own. */
  async function noteDeadToken(reply: FastifyReply, open: OpenSession): Promise<void> {
    const renewed = await freshTokens(open, true)
    if ('refused' in renewed && renewed.refused === 'session_ended') {
      reply.header('set-cookie', expireHostCookie(sessionCookie, 'Strict')).header('sallyport-session', 'ended')
    }
  }
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

function registerSignIn(app: FastifyInstance, context: BffContext): void {
  app.get('/bff/login', async (request, reply) => {
    const wishes = queryOf(request)
    if (wishes === undefined) return sendFailure(request, reply, repeatedParameter)
    const { location, cookieName, cookie } = await beginLogin(wishes, context)
    reply.header(
      'set-cookie',
      serializeHostCookie(hostName(cookieName), cookie, { sameSite: 'Lax', maxAgeSeconds: loginAttemptTtlSeconds }),
    )
    return reply.redirect(location, 303)
  })

  app.get('/bff/callback', async (request, reply) => {
    const query = queryOf(request)
    if (query === undefined) return sendFailure(request, reply, repeatedParameter)
    const name = hostName(loginCookieName(query.state ?? ''))
    const result = await finishLogin(query, readCookie(request.headers.cookie, name), context)
    reply.header('set-cookie', expireHostCookie(name, 'Lax'))
    if ('refused' in result) return refuseSignIn(reply, request.id, result, context)
    const { cookie, maxAgeSeconds } = await startSession(result.session, context)
    context.log.info('signed_in', { subject: result.session.user.sub, request_id: request.id })
    reply.header('set-cookie', serializeHostCookie(sessionCookie, cookie, { sameSite: 'Strict', maxAgeSeconds }))
    return reply.redirect(result.returnTo, 303)
  })
}

function refuseSignIn(
  reply: FastifyReply,
  requestId: string,
  refusal: CallbackRefusal,
  context: BffContext,
): FastifyReply {
  context.log.warn('sign_in_refused', { ...refusal, request_id: requestId })
  const { html, policy, status } = signInFailedPage(refusal, requestId)
  return reply.code(status).header('content-security-policy', policy).type('text/html; charset=utf-8').send(html)
}

function refuseSession(
  request: FastifyRequest,
  reply: FastifyReply,
  refused: 'session_ended' | 'authority_unavailable',
): FastifyReply {
  if (refused === 'authority_unavailable') return sendFailure(request, reply, unavailable)
  reply.header('set-cookie', expireHostCookie(sessionCookie, 'Strict')).header('sallyport-session', 'ended')
  return sendFailure(request, reply, signedOut)
}

function queryOf(request: FastifyRequest): Readonly<Record<string, string>> | undefined {
  const query = readQuery(request.raw.url?.split('?')[1] ?? '')
  return 'refused' in query || query.repeated.length > 0 ? undefined : Object.fromEntries(query.fields)
}

const cookieOf = (request: FastifyRequest): string | undefined => readCookie(request.headers.cookie, sessionCookie)

const hostName = (name: string): `__Host-${string}` => `__Host-${name.slice('__Host-'.length)}`

function callOrigin(request: FastifyRequest) {
  const { origin, 'sallyport-csrf': csrf, 'sec-fetch-site': fetchSite } = request.headers
  const one = (value: string | string[] | undefined): string | undefined =>
    Array.isArray(value) ? value.join(', ') : value
  return { origin, csrf: one(csrf), fetchSite: one(fetchSite) }
}

const signedOut: Failure = {
  status: 401,
  error: 'unauthorized',
  reason: 'signed_out',
  description: 'Nobody is signed in here. Sign in at /bff/login.',
}

const unavailable: Failure = {
  status: 503,
  error: 'temporarily_unavailable',
  reason: 'authority_unavailable',
  description: 'Your session is still there, but the authority gave no answer. Try again in a moment.',
  headers: { 'retry-after': '2' },
}

const repeatedParameter: Failure = {
  status: 400,
  error: 'invalid_request',
  reason: 'malformed_query',
  description: 'The address is malformed or names a parameter twice.',
}

function csrfFailure(refused: string): Failure {
  return {
    status: 403,
    error: 'forbidden',
    reason: refused,
    description: 'Calls need the header Sallyport-CSRF: 1 and must come from this site.',
  }
}

function routeFailure(refused: string, expected: string): Failure {
  if (refused === 'method_not_allowed') {
    return {
      status: 405,
      error: 'method_not_allowed',
      reason: refused,
      description: `Allowed here: ${expected}.`,
      headers: { allow: expected },
    }
  }
  return {
    status: refused === 'path_not_plain' ? 400 : 404,
    error: 'invalid_request',
    reason: refused,
    description: `Expected ${expected}.`,
  }
}
