import { randomBytes } from 'node:crypto'
import {
  clientAssertionType,
  createClientAssertion,
  createDpopProof,
  type SigningKey,
  signNow,
} from '@sallyport/credentials'
import type { Client } from '../client.ts'
import type { TokenRequest } from '../token-request.ts'
import type { AuthorityHarness } from './authority-harness.ts'

type Parameters = Readonly<Record<string, string | undefined>>

export interface RequestChanges {
  readonly resources?: readonly string[]
  readonly proofs?: readonly string[]
  readonly url?: string
}

/** A token request as `http/token-request.ts` would have read it (empty counts as left out), without client authentication. */
export function tokenRequest(
  harness: AuthorityHarness,
  parameters: Parameters,
  changes: RequestChanges = {},
): TokenRequest {
  const sent = Object.entries(parameters).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  )
  return {
    parameters: new Map(sent),
    resources: changes.resources ?? [],
    authorization: undefined,
    proofs: changes.proofs ?? [],
    url: changes.url ?? `${harness.context.issuer}/token`,
    requestId: randomBytes(6).toString('hex'),
  }
}

/** The same, authenticated as this client in its registered way. */
export async function requestOf(
  harness: AuthorityHarness,
  client: Client,
  parameters: Parameters,
  changes: RequestChanges = {},
): Promise<TokenRequest> {
  const secret = harness.secrets[client.client_id] ?? ''
  switch (client.token_endpoint_auth_method) {
    case 'none':
      return tokenRequest(harness, { client_id: client.client_id, ...parameters }, changes)
    case 'client_secret_post':
      return tokenRequest(harness, { client_id: client.client_id, client_secret: secret, ...parameters }, changes)
    case 'client_secret_basic':
      return { ...tokenRequest(harness, parameters, changes), authorization: basic(client.client_id, secret) }
    case 'private_key_jwt':
      return tokenRequest(harness, { ...(await assertion(harness, client)), ...parameters }, changes)
  }
}

/** `Authorization: Basic`, form-urlencoded inside (RFC 6749 §2.3.1). */
export const basic = (clientId: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`

async function assertion(harness: AuthorityHarness, client: Client): Promise<Record<string, string>> {
  const key = harness.clientKeys[client.client_id]
  if (key === undefined) throw new Error(`${client.client_id} has no key`)
  const jwt = await createClientAssertion(
    {
      clientId: client.client_id,
      issuer: harness.context.issuer,
      key,
      nowSeconds: harness.clock.seconds,
      jti: randomBytes(16).toString('base64url'),
    },
    signNow,
  )
  return { client_assertion_type: clientAssertionType, client_assertion: jwt }
}

/** A proof for the token endpoint, now. */
export function proof(
  harness: AuthorityHarness,
  key: SigningKey,
  changes: { readonly nonce?: string; readonly jti?: string; readonly htu?: string; readonly htm?: string } = {},
): string {
  return createDpopProof(key, {
    htm: changes.htm ?? 'POST',
    htu: changes.htu ?? `${harness.context.issuer}/token`,
    iat: harness.clock.seconds,
    jti: changes.jti ?? randomBytes(16).toString('base64url'),
    ...(changes.nonce === undefined ? {} : { nonce: changes.nonce }),
  })
}
