import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { confidentialClientId, namedClientId } from '../client-authentication.ts'
import type { AuthorityContext } from '../context.ts'
import { introspect } from '../introspection.ts'
import { issuerPath } from '../metadata.ts'
import { revoke } from '../revocation.ts'
import { token } from '../token.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import { recordRefusal } from '../token-records.ts'
import type { TokenRequest } from '../token-request.ts'
import { openToClient, sendPreflight } from './cross-origin.ts'
import { registerMetadata } from './metadata.ts'
import { type Quotas, quotasOf } from './quotas.ts'
import { registerRevocations } from './revocations.ts'
import { type TokenQuota, tokenQuota } from './token-quota.ts'
import { readTokenRequest } from './token-request.ts'
import { sendTokenError, sendUncached } from './token-response.ts'
import { registerUserinfo } from './userinfo.ts'

const keyTickMs = 30_000

/**
 * Registers what programs talk to: token, introspection and revocation endpoint, userinfo, metadata, keys and the
 * revocation feed, below the issuer's path. Bodies must arrive as bytes, as the listener of `@sallyport/server` gives them.
 */
export function registerBackChannel(
  app: FastifyInstance,
  context: AuthorityContext,
  quotas: Quotas = quotasOf(context),
): void {
  const quota = tokenQuota(quotas.tokens)
  registerMetadata(app, context)
  registerUserinfo(app, context)
  registerRevocations(app, context)
  registerForm(app, context, 'token', quota, true, answerToken)
  registerForm(app, context, 'introspect', quota, false, answerIntrospection)
  registerForm(app, context, 'revoke', quota, true, answerRevocation)
  const timer = setInterval(() => {
    context.keys.tick().catch((cause: unknown) => context.log.error('signing_keys_failed', { cause }))
  }, keyTickMs)
  timer.unref()
  app.addHook('preClose', async () => clearInterval(timer))
}

type Answer = (
  asked: { readonly request: FastifyRequest; readonly read: TokenRequest },
  reply: FastifyReply,
  context: AuthorityContext,
) => Promise<FastifyReply>

/** What the log calls the endpoints. */
const logged = { token: 'token', introspect: 'introspection', revoke: 'revocation' } as const

/** A form endpoint: POST, and for browsers its preflight; what is no request is refused before the protocol sees it. */
function registerForm(
  app: FastifyInstance,
  context: AuthorityContext,
  name: keyof typeof logged,
  quota: TokenQuota,
  forBrowsers: boolean,
  answer: Answer,
): void {
  const path = `${issuerPath(context.issuer)}/${name}`
  if (forBrowsers) app.options(path, (request, reply) => sendPreflight(request, reply, 'POST'))
  app.post(path, async (request, reply) => {
    const { headers, url, id } = request
    const body = request.body instanceof Uint8Array ? request.body : undefined
    const received = { headers, rawHeaders: request.raw.rawHeaders, url, body, id }
    const read = readTokenRequest(received, `${context.issuer}/${name}`)
    const refuse = (refused: TokenError) => {
      recordRefusal(logged[name], refused, { requestId: id }, context)
      return sendTokenError(reply, refused, id, context)
    }
    if (forBrowsers && !isTokenError(read)) await openToClient(request, reply, namedClientId(read), context)
    const asker = { address: request.ip, confidential: isTokenError(read) ? undefined : confidentialClientId(read) }
    const entered = quota.enter(asker)
    if (typeof entered === 'object') {
      reply.header('retry-after', String(entered.waitSeconds))
      return refuse(crowded)
    }
    if (isTokenError(read)) return refuse(read)
    await answer({ request, read }, reply, context)
    if (reply.statusCode < 400) quota.settle(asker, entered)
    return reply
  })
  app.route({
    method: ['GET', 'PUT', 'DELETE', 'PATCH'],
    url: path,
    exposeHeadRoute: false,
    handler: (_request, reply) => {
      const body = { error: 'invalid_request', error_description: `Send a POST request to this endpoint.` }
      return sendUncached(reply.header('allow', 'POST'), 405, body)
    },
  })
}

const crowded: TokenError = {
  error: 'temporarily_unavailable',
  reason: 'rate_limited',
  rule: 'RFC 6585 §4',
  expected: 'fewer refused requests of one network in a minute',
  got: 'more',
  hint: 'Too many requests of this network were refused. Wait as long as Retry-After says.',
}

const answerToken: Answer = async ({ request, read }, reply, context) => {
  const answer = await token(read, context)
  if (isTokenError(answer)) return sendTokenError(reply, answer, request.id, context)
  if (answer.nonce !== undefined) reply.header('dpop-nonce', answer.nonce)
  return sendUncached(reply, 200, answer.body)
}

const introspectionType = 'application/token-introspection+jwt'

const answerIntrospection: Answer = async ({ request, read }, reply, context) => {
  const wantsJwt = (request.headers.accept ?? '').toLowerCase().includes(introspectionType)
  const answer = await introspect(read, wantsJwt, context)
  if (isTokenError(answer)) return sendTokenError(reply, answer, request.id, context)
  if (answer.jwt === undefined) return sendUncached(reply, 200, answer.body)
  return reply.code(200).header('cache-control', 'no-store').type(introspectionType).send(answer.jwt)
}

const answerRevocation: Answer = async ({ request, read }, reply, context) => {
  const answer = await revoke(read, context)
  if (answer !== 'revoked') return sendTokenError(reply, answer, request.id, context)
  return sendUncached(reply, 200, {})
}
