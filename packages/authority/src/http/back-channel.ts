import type { DirectAnswer, DirectRequest, Listener } from '@sallyport/server'
import { confidentialClientId, namedClientId } from '../client-authentication.ts'
import type { AuthorityContext } from '../context.ts'
import { introspect } from '../introspection.ts'
import { issuerPath } from '../metadata.ts'
import { revoke } from '../revocation.ts'
import { token } from '../token.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import { recordRefusal } from '../token-records.ts'
import type { TokenRequest } from '../token-request.ts'
import { answerPreflight, openToClient } from './cross-origin.ts'
import { registerMetadata } from './metadata.ts'
import { type Quotas, quotasOf } from './quotas.ts'
import { registerRevocations } from './revocations.ts'
import { type TokenQuota, tokenQuota } from './token-quota.ts'
import { readTokenRequest } from './token-request.ts'
import { tokenErrorAnswer, uncached, withHeaders } from './token-response.ts'
import { registerUserinfo } from './userinfo.ts'

const keyTickMs = 30_000

/**
 * Registers what programs talk to: token, introspection and revocation endpoint, userinfo, metadata, keys and the
 * revocation feed, below the issuer's path. All but the feed are answered directly, on node:http.
 */
export function registerBackChannel(
  listener: Pick<Listener, 'app' | 'direct'>,
  context: AuthorityContext,
  quotas: Quotas = quotasOf(context),
): void {
  const quota = tokenQuota(quotas.tokens)
  registerMetadata(listener, context)
  registerUserinfo(listener, context)
  registerRevocations(listener.app, context)
  registerForm(listener, { name: 'token', logged: 'token', forBrowsers: true, answer: answerToken }, quota, context)
  registerForm(listener, introspection, quota, context)
  registerForm(
    listener,
    { name: 'revoke', logged: 'revocation', forBrowsers: true, answer: revocation },
    quota,
    context,
  )
  const timer = setInterval(() => {
    context.keys.tick().catch((cause: unknown) => context.log.error('signing_keys_failed', { cause }))
  }, keyTickMs)
  timer.unref()
  listener.app.addHook('preClose', async () => clearInterval(timer))
}

/** An endpoint that takes a form. */
interface FormEndpoint {
  /** The last part of its path. */
  readonly name: string
  /** What the log calls it. */
  readonly logged: string
  /** Whether pages of clients may ask it. */
  readonly forBrowsers: boolean
  readonly answer: (read: TokenRequest, request: DirectRequest, context: AuthorityContext) => Promise<DirectAnswer>
}

/** A form endpoint: POST, and for browsers its preflight. */
function registerForm(
  { direct }: Pick<Listener, 'direct'>,
  endpoint: FormEndpoint,
  quota: TokenQuota,
  context: AuthorityContext,
): void {
  const path = `${issuerPath(context.issuer)}/${endpoint.name}`
  const url = `${context.issuer}/${endpoint.name}`
  direct('POST', path, request => answerForm(request, { endpoint, url, quota }, context))
  direct('OPTIONS', path, request => (endpoint.forBrowsers ? answerPreflight(request, 'POST') : postOnly))
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'] as const) direct(method, path, () => postOnly)
}

const postOnly = uncached(
  405,
  { error: 'invalid_request', error_description: 'Send a POST request to this endpoint.' },
  ['allow', 'POST'],
)

/** What is no request is refused before the protocol sees it, and so is who was refused too often. */
async function answerForm(
  request: DirectRequest,
  parts: { readonly endpoint: FormEndpoint; readonly url: string; readonly quota: TokenQuota },
  context: AuthorityContext,
): Promise<DirectAnswer> {
  const { endpoint, url, quota } = parts
  const { id } = request
  const read = readTokenRequest(request, url)
  const isPage = endpoint.forBrowsers && request.headers.origin !== undefined && !isTokenError(read)
  const open = isPage ? await openToClient(request, namedClientId(read), context) : []
  const refuse = (refused: TokenError) => {
    recordRefusal(endpoint.logged, refused, { requestId: id }, context)
    return withHeaders(tokenErrorAnswer(refused, id, context), open)
  }
  const asker = { address: request.address, confidential: isTokenError(read) ? undefined : confidentialClientId(read) }
  const entered = quota.enter(asker)
  if (typeof entered === 'object') return withHeaders(refuse(crowded), ['retry-after', String(entered.waitSeconds)])
  if (isTokenError(read)) return refuse(read)
  const answer = await endpoint.answer(read, request, context)
  if (answer.status < 400) quota.settle(asker, entered)
  return withHeaders(answer, open)
}

const crowded: TokenError = {
  error: 'temporarily_unavailable',
  reason: 'rate_limited',
  rule: 'RFC 6585 §4',
  expected: 'fewer refused requests of one network in a minute',
  got: 'more',
  hint: 'Too many requests of this network were refused. Wait as long as Retry-After says.',
}

async function answerToken(
  read: TokenRequest,
  { id }: DirectRequest,
  context: AuthorityContext,
): Promise<DirectAnswer> {
  const answer = await token(read, context)
  if (isTokenError(answer)) return tokenErrorAnswer(answer, id, context)
  return uncached(200, answer.body, answer.nonce === undefined ? [] : ['dpop-nonce', answer.nonce])
}

const introspectionType = 'application/token-introspection+jwt'
const introspectionHeaders = ['cache-control', 'no-store', 'content-type', introspectionType]

const introspection: FormEndpoint = {
  name: 'introspect',
  logged: 'introspection',
  forBrowsers: false,
  async answer(read, { headers, id }, context) {
    const wantsJwt = (headers.accept ?? '').toLowerCase().includes(introspectionType)
    const answer = await introspect(read, wantsJwt, context)
    if (isTokenError(answer)) return tokenErrorAnswer(answer, id, context)
    if (answer.jwt === undefined) return uncached(200, answer.body)
    return { status: 200, headers: introspectionHeaders, body: answer.jwt }
  },
}

async function revocation(read: TokenRequest, { id }: DirectRequest, context: AuthorityContext): Promise<DirectAnswer> {
  const answer = await revoke(read, context)
  return answer === 'revoked' ? uncached(200, {}) : tokenErrorAnswer(answer, id, context)
}
