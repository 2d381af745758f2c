import { parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import type { Client, ClientAuthenticationMethod } from './client.ts'
import { assertedClientId, judgeAssertion } from './client-assertion.ts'
import { findClient } from './clients.ts'
import type { AuthorityContext } from './context.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import type { TokenRequest } from './token-request.ts'

/** What a request brought to prove which client it is from. */
interface Shown {
  readonly method: ClientAuthenticationMethod
  readonly clientId: string | undefined
  readonly secret?: string
}

/** Every failure reads the same to the caller; the log says what was wrong (EXPERIENCE §3 row 15). */
const failedHint =
  'Client authentication failed: check the client_id, its secret or key, and that its registered method is used.'

/** Compared with where there is no client or secret, so that the time tells nothing. */
const nobodysHash = 'A'.repeat(43)

/**
 * Who is asking: a registered, enabled client that proved itself by the one method it is registered with.
 *
 * @returns the client, `invalid_request` for two methods at once or a query-string credential, else `invalid_client`
 * @see OAuth 2.1 §2.4, RFC 6749 §2.3.1 (form encoding inside Basic), RFC 7523 §2.2, STANDARDS S16 to S22
 */
export async function authenticateClient(
  request: TokenRequest,
  context: AuthorityContext,
): Promise<Client | TokenError> {
  const shown = shownCredentials(request)
  if (isTokenError(shown)) return shown
  const named = request.parameters.get('client_id')
  if (named !== undefined && shown.clientId !== undefined && shown.clientId !== named)
    return failed('client_id_mismatch', 'OAuth 2.1 §2.4', `client_id ${shown.clientId}`, named)
  const client = shown.clientId === undefined ? undefined : await findClient(context, shown.clientId)
  const proven = await prove(shown, client, request, context)
  if (proven !== undefined) return proven
  if (client === undefined)
    return failed('client_unknown', 'OAuth 2.1 §3.2.4', 'a registered client_id', shown.clientId ?? 'none')
  if (client.disabled) return failed('client_disabled', 'OAuth 2.1 §3.2.4', 'an enabled client', client.client_id)
  return client
}

/** Which client a request says it is from, proven or not: for answers to browsers of another origin. */
export function namedClientId(request: TokenRequest): string | undefined {
  const shown = shownCredentials(request)
  return isTokenError(shown) ? request.parameters.get('client_id') : shown.clientId
}

/** Which client a request shows a secret or key of, right or not; `undefined` where it shows none. */
export function confidentialClientId(request: TokenRequest): string | undefined {
  const shown = shownCredentials(request)
  return isTokenError(shown) || shown.method === 'none' ? undefined : shown.clientId
}

function shownCredentials(request: TokenRequest): Shown | TokenError {
  const { parameters, authorization } = request
  const basic = authorization === undefined ? undefined : basicCredentials(authorization)
  const secret = parameters.get('client_secret')
  const assertion = parameters.get('client_assertion')
  const asserted = assertion !== undefined || parameters.has('client_assertion_type')
  if ([authorization !== undefined, secret !== undefined, asserted].filter(Boolean).length > 1) return severalMethods()
  if (basic !== undefined) return basicShown(basic)
  const clientId = parameters.get('client_id')
  if (asserted) return { method: 'private_key_jwt', clientId: assertedClientId(assertion ?? '') ?? clientId }
  if (secret !== undefined) return { method: 'client_secret_post', clientId, secret }
  return { method: 'none', clientId }
}

const basicShown = (basic: BasicCredentials | TokenError): Shown | TokenError =>
  isTokenError(basic)
    ? { ...basic, hint: failedHint }
    : { method: 'client_secret_basic', clientId: basic.clientId, secret: basic.secret }

async function prove(
  shown: Shown,
  client: Client | undefined,
  request: TokenRequest,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  const right = shown.secret === undefined || hasSecret(client, shown.secret, context.now())
  if (client === undefined) return undefined
  if (client.token_endpoint_auth_method !== shown.method)
    return failed('client_method', 'OAuth 2.1 §2.4', client.token_endpoint_auth_method, shown.method)
  if (!right) return failed('client_secret', 'OAuth 2.1 §2.4.1', 'a live secret of this client', 'another')
  if (shown.method !== 'private_key_jwt') return undefined
  const jwt = request.parameters.get('client_assertion') ?? ''
  const refused = await judgeAssertion({ jwt, type: request.parameters.get('client_assertion_type') }, client, context)
  return refused === undefined ? undefined : { ...refused, hint: failedHint }
}

function hasSecret(client: Client | undefined, secret: string, now: number): boolean {
  const shown = parseOpaqueToken(secret, 'cs')?.secretHash ?? nobodysHash
  const live = (client?.secrets ?? []).filter(({ expires_at }) => expires_at === undefined || now < expires_at)
  let right = false
  for (const { hash } of live.length > 0 ? live : [{ hash: 'B'.repeat(43) }]) right = sameSecret(hash, shown) || right
  return right
}

const failed = (reason: string, rule: string, expected: string, got: string): TokenError => ({
  error: 'invalid_client',
  reason,
  rule,
  expected,
  got: got.slice(0, 256),
  hint: failedHint,
})

const severalMethods = (): TokenError => ({
  error: 'invalid_request',
  reason: 'client_methods_repeated',
  rule: 'OAuth 2.1 §2.4',
  expected: 'one way to authenticate the client',
  got: 'several',
  hint: 'Authenticate the client in one way only.',
})
