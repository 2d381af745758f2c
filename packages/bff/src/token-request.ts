import type { SigningKey } from '@sallyport/credentials'
import { clientAssertionType, createClientAssertion, createDpopProof } from '@sallyport/credentials'
import type { AuthorityMetadata } from './authority-metadata.ts'
import type { BffContext } from './context.ts'

/** What the token endpoint answered (OAuth 2.1 §3.2.3, OpenID Connect Core §3.1.3.3). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token?: string
  readonly id_token?: string
  readonly scope?: string
}

/** Why there are no tokens: the authority's own code, or `unreachable` when it gave no answer that the standard knows. */
export interface TokenRefusal {
  readonly refused: string
  readonly got: string
}

/**
 * One token request of this client, authenticated by its key and bound to `dpopKey`; repeated once with the nonce when the authority asks for one.
 *
 * @see RFC 7523 §2.2, RFC 9449 §5 and §8
 */
export async function requestTokens(
  parameters: Readonly<Record<string, string>>,
  dpopKey: SigningKey,
  context: BffContext,
): Promise<TokenResponse | TokenRefusal> {
  const token_endpoint = await authorityEndpoint('token_endpoint', context)
  if (token_endpoint === undefined) return { refused: 'unreachable', got: 'no metadata' }
  const first = await send(token_endpoint, parameters, dpopKey, undefined, context)
  if (!('nonce' in first)) return first
  const second = await send(token_endpoint, parameters, dpopKey, first.nonce, context)
  return 'nonce' in second ? { refused: 'use_dpop_nonce', got: 'a second challenge' } : second
}

/** Tells the authority that a token is no longer needed (RFC 7009 §2.1); the answer says whether it heard. */
export async function revokeToken(token: string, context: BffContext): Promise<'revoked' | TokenRefusal> {
  const revocation_endpoint = await authorityEndpoint('revocation_endpoint', context)
  if (revocation_endpoint === undefined) return { refused: 'unreachable', got: 'no metadata' }
  const body = new URLSearchParams({ token, ...(await authentication(context)) })
  const response = await post(revocation_endpoint, body, {}, context)
  if (response === undefined) return { refused: 'unreachable', got: revocation_endpoint }
  return response.ok ? 'revoked' : { refused: 'revocation_refused', got: String(response.status) }
}

/** An address from the authority's metadata; `undefined` while there is none to read. */
export async function authorityEndpoint(
  name: Exclude<keyof AuthorityMetadata, 'issuer'>,
  context: BffContext,
): Promise<string | undefined> {
  try {
    return (await context.metadata())[name]
  } catch (cause) {
    context.log.warn('authority_unreachable', { endpoint: name, cause: String(cause) })
    return undefined
  }
}

async function send(
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  dpopKey: SigningKey,
  nonce: string | undefined,
  context: BffContext,
): Promise<TokenResponse | TokenRefusal | { nonce: string }> {
  const jti = Buffer.from(context.random(16)).toString('base64url')
  const proof = createDpopProof(dpopKey, {
    htm: 'POST',
    htu: endpoint,
    iat: context.now(),
    jti,
    ...(nonce === undefined ? {} : { nonce }),
  })
  const body = new URLSearchParams({ ...parameters, ...(await authentication(context)) })
  const response = await post(endpoint, body, { DPoP: proof }, context)
  if (response === undefined) return { refused: 'unreachable', got: endpoint }
  const answer = await jsonObject(response)
  if (response.ok && isTokenResponse(answer)) return answer
  const error = typeof answer.error === 'string' ? answer.error : 'unreachable'
  const challenge = response.headers.get('dpop-nonce')
  if (error === 'use_dpop_nonce' && challenge !== null) return { nonce: challenge }
  return { refused: error, got: `${response.status} ${String(answer.error_description ?? '')}`.trim() }
}

async function authentication(context: BffContext): Promise<Record<string, string>> {
  const { clientId, issuer } = context.settings
  const now = context.now()
  const assertion = await createClientAssertion(
    {
      clientId,
      issuer,
      nowSeconds: now,
      jti: Buffer.from(context.random(16)).toString('base64url'),
      key: context.clientKey,
    },
    context.sign,
  )
  return { client_id: clientId, client_assertion_type: clientAssertionType, client_assertion: assertion }
}

async function post(
  url: string,
  body: URLSearchParams,
  headers: Record<string, string>,
  context: BffContext,
): Promise<Response | undefined> {
  try {
    return await context.fetch(url, {
      method: 'POST',
      body,
      headers: { accept: 'application/json', ...headers },
      redirect: 'error',
    })
  } catch (cause) {
    context.log.warn('authority_unreachable', { url, cause: String(cause) })
    return undefined
  }
}

async function jsonObject(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = await response.json()
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch (cause) {
    return { error_description: `not JSON: ${String(cause)}` }
  }
}

function isTokenResponse(
  answer: Readonly<Record<string, unknown>>,
): answer is Readonly<Record<string, unknown>> & TokenResponse {
  return (
    typeof answer.access_token === 'string' &&
    typeof answer.expires_in === 'number' &&
    typeof answer.token_type === 'string'
  )
}
