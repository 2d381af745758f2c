import { clientAssertionType, createClientAssertion, type SigningKey, signNow } from '@sallyport/credentials'
import type { GuardContext, Issuer, KnownToken, MaybePromise } from '@sallyport/guard'

/** Why there is no token for inside: the outside one is no longer good, or the authority could not be asked. */
export type ExchangeFailure =
  | { readonly failed: 'inactive'; readonly got: string }
  | { readonly failed: 'unavailable'; readonly got: string }

export interface PhantomTokens {
  /** The token that goes inside instead of `token`, for the service `audience`. */
  for(known: KnownToken, token: string, audience: string): MaybePromise<string | ExchangeFailure>
  readonly size: number
}

export interface PhantomTokenOptions {
  readonly issuer: Issuer
  readonly client: { readonly clientId: string; readonly key: SigningKey }
  readonly context: GuardContext
  /** Default 10,000. */
  readonly maxTokens?: number
}

interface Kept {
  readonly token: string
  /** Unix seconds. */
  readonly until: number
}

/** Not handed out in its last moments: it has a way to go and a clock to meet. */
const marginSeconds = 5

/**
 * Swaps tokens from outside for short JWTs that only the service behind accepts (RFC 8693), so that what a caller holds
 * never goes inside. A swapped token is kept by the hash of the outside one until shortly before its end; however many
 * requests wait for it, the authority is asked once. Door one judges the outside token's revocation at every request, so
 * a kept token is never handed out for a revoked one.
 */
export function phantomTokens(options: PhantomTokenOptions): PhantomTokens {
  const { context, maxTokens = 10_000 } = options
  const kept = new Map<string, Kept>()
  const flights = new Map<string, Promise<string | ExchangeFailure>>()

  const fly = async (name: string, token: string, audience: string): Promise<string | ExchangeFailure> => {
    const exchanged = await exchange(options, token, audience)
    if ('failed' in exchanged) return exchanged
    if (exchanged.until > context.nowSeconds()) {
      const oldest = kept.size >= maxTokens ? kept.keys().next() : undefined
      if (oldest?.done === false) kept.delete(oldest.value)
      kept.set(name, exchanged)
    }
    return exchanged.token
  }
  return {
    for(known, token, audience) {
      const name = `${known.tokenHash} ${audience}`
      const found = kept.get(name)
      if (found !== undefined && found.until > context.nowSeconds()) return found.token
      kept.delete(name)
      const flight = flights.get(name) ?? fly(name, token, audience).finally(() => flights.delete(name))
      flights.set(name, flight)
      return flight
    },
    get size() {
      return kept.size
    },
  }
}

async function exchange(
  { issuer, client, context }: PhantomTokenOptions,
  token: string,
  audience: string,
): Promise<Kept | ExchangeFailure> {
  const metadata = await issuer.metadata()
  if (metadata instanceof Error) return { failed: 'unavailable', got: metadata.message }
  if (metadata.token_endpoint === undefined) return { failed: 'unavailable', got: 'metadata without token_endpoint' }
  const assertion = await createClientAssertion(
    {
      clientId: client.clientId,
      issuer: metadata.issuer,
      key: client.key,
      nowSeconds: Math.floor(context.nowSeconds()),
      jti: Buffer.from(context.random(16)).toString('base64url'),
    },
    signNow,
  )
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: audience,
    client_id: client.clientId,
    client_assertion_type: clientAssertionType,
    client_assertion: assertion,
  })
  const askedAt = context.nowSeconds()
  try {
    const response = await context.fetch(metadata.token_endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
    })
    return readExchange(response.status, await response.text(), askedAt)
  } catch (error) {
    return { failed: 'unavailable', got: error instanceof Error ? error.message : 'no answer' }
  }
}

/** @see RFC 8693 §2.2.1 and §2.2.2 (a subject token that is not good is `invalid_request`) */
function readExchange(status: number, text: string, askedAt: number): Kept | ExchangeFailure {
  const body = parsed(text)
  if (status === 200 && typeof body.access_token === 'string' && body.access_token !== '') {
    const lifetime = typeof body.expires_in === 'number' ? body.expires_in : 0
    return { token: body.access_token, until: askedAt + lifetime - marginSeconds }
  }
  const error = typeof body.error === 'string' ? body.error.slice(0, 64) : 'no error code'
  const failed =
    status === 400 && (error === 'invalid_request' || error === 'invalid_grant') ? 'inactive' : 'unavailable'
  return { failed, got: `${status} ${error}` }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
