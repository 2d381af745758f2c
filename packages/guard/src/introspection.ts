import { clientAssertionType, createClientAssertion, type SigningKey, signNow } from '@sallyport/credentials'
import type { GuardContext } from './guard-context.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { IssuerMetadata } from './issuer-metadata.ts'

/** Who the guard is at the issuer: a client with private_key_jwt (RFC 7523 §2.2). */
export interface IntrospectingClient {
  readonly clientId: string
  readonly key: SigningKey
}

/**
 * Asks the issuer about one opaque token (RFC 7662 §2.1). The guard's own failure to ask is an outage, never a verdict
 * on the token.
 *
 * @returns the members of the response, not judged yet
 */
export async function introspect(
  token: string,
  metadata: IssuerMetadata,
  client: IntrospectingClient,
  context: GuardContext,
): Promise<Readonly<Record<string, unknown>> | GuardRefusal> {
  const endpoint = metadata.introspection_endpoint
  if (endpoint === undefined) return unavailable('an introspection_endpoint in the metadata', 'none')
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
    token,
    token_type_hint: 'access_token',
    client_id: client.clientId,
    client_assertion_type: clientAssertionType,
    client_assertion: assertion,
  })
  try {
    const response = await context.fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
    })
    const text = await response.text()
    if (response.status !== 200) return unavailable('200 from introspection', `${response.status} ${errorOf(text)}`)
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return unavailable('an object', 'another value')
    return body as Readonly<Record<string, unknown>>
  } catch (error) {
    return unavailable('an answer from introspection', error instanceof Error ? error.message : 'none')
  }
}

function errorOf(text: string): string {
  return /"error"\s*:\s*"([a-z_]{1,40})"/.exec(text)?.[1] ?? ''
}

function unavailable(expected: string, got: string): GuardRefusal {
  return { refused: 'introspection_unavailable', rule: 'RFC 7662 §2.3', expected, got }
}
