import { expireHostCookie, readCookie, readQuery, serializeHostCookie } from '@sallyport/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CallbackRefusal, finishLogin } from '../callback.ts'
import type { BffContext } from '../context.ts'
import { beginLogin, crowdedOut, loginAttemptTtlSeconds, loginCookieName } from '../login-attempt.ts'
import { discardSession } from '../logout.ts'
import { openSession, startSession } from '../session.ts'
import { refuse } from './refuse.ts'
import { sessionCookieOf, setSessionCookie } from './session-cookie.ts'
import { signInFailedPage } from './sign-in-failed-page.ts'

/** The two navigations of a sign-in: off to the authority, and back with its answer. */
export function registerSignIn(app: FastifyInstance, context: BffContext): void {
  app.get('/bff/login', async (request, reply) => {
    const wishes = queryOf(request)
    if (wishes === undefined) return refuse(request, reply, 'malformed_query')
    const begun = await beginLogin(wishes, context, sessionCookieOf(request))
    if (begun === 'unreachable') return refuseSignIn(reply, request.id, noAuthority(context), context)
    for (const name of crowdedOut(request.headers.cookie, context)) {
      reply.header('set-cookie', expireHostCookie(name, 'Lax'))
    }
    const lax = { sameSite: 'Lax', maxAgeSeconds: loginAttemptTtlSeconds } as const
    reply.header('set-cookie', serializeHostCookie(begun.cookieName, begun.cookie, lax))
    return reply.redirect(begun.location, 303)
  })

  app.get('/bff/callback', async (request, reply) => {
    const query = queryOf(request)
    if (query === undefined) return refuse(request, reply, 'malformed_query')
    const name = loginCookieName(query.state ?? '')
    const result = await finishLogin(query, readCookie(request.headers.cookie, name), context)
    reply.header('set-cookie', expireHostCookie(name, 'Lax'))
    if ('refused' in result) return refuseSignIn(reply, request.id, result, context)
    const former = await openSession(sessionCookieOf(request) ?? result.replaces, context)
    const { cookie, maxAgeSeconds } = await startSession(result.session, context)
    if (former !== undefined) await discardSession(former, context)
    context.log.info('signed_in', { subject: result.session.user.sub, request_id: request.id })
    return setSessionCookie(reply, cookie, maxAgeSeconds).redirect(result.returnTo, 303)
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

const noAuthority = ({ settings }: BffContext): CallbackRefusal => ({
  refused: 'authority_unreachable',
  expected: settings.issuer,
  got: 'no answer',
  returnTo: '/',
})

function queryOf(request: FastifyRequest): Readonly<Record<string, string>> | undefined {
  const target = request.raw.url ?? ''
  const mark = target.indexOf('?')
  const query = readQuery(mark < 0 ? '' : target.slice(mark + 1))
  return 'refused' in query || query.repeated.length > 0 ? undefined : Object.fromEntries(query.fields)
}
