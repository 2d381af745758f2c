import { randomBytes } from 'node:crypto'
import { clientAssertionType, createClientAssertion, type SigningKey, signNow } from '@sallyport/credentials'
import { CommandFailure } from '../command-line/command.ts'
import { callJson, refusedBy } from './call.ts'

/** How a client of the command line proves itself. */
export type ClientProof =
  | { readonly clientId: string; readonly kind: 'none' }
  | { readonly clientId: string; readonly kind: 'secret'; readonly secret: string; readonly method: string }
  | { readonly clientId: string; readonly kind: 'key'; readonly key: SigningKey }

export interface GotToken {
  readonly access_token: string
  readonly token_type: string
  /** Seconds. */
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
}

/**
 * Asks the token endpoint. No second way in: what the command line gets, any client gets the same way.
 *
 * @throws CommandFailure with the authority's own words when it refuses (exit 4)
 */
export async function requestToken(
  issuer: string,
  proof: ClientProof,
  grant: Readonly<Record<string, string | undefined>>,
): Promise<GotToken> {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(grant)) if (value !== undefined && value !== '') body.append(name, value)
  const headers = await prove(issuer, proof, body)
  const answer = await callJson(`${issuer}/token`, { method: 'POST', headers, body })
  if (answer.status !== 200) throw refusedBy(answer, 'The token request')
  const { access_token, token_type, expires_in, scope, refresh_token } = answer.body
  if (typeof access_token !== 'string' || typeof token_type !== 'string') {
    throw new CommandFailure({ failed: 'failed', code: 'no_token', message: 'The answer holds no token.' })
  }
  return {
    access_token,
    token_type,
    expires_in: Number(expires_in),
    scope: String(scope ?? ''),
    ...(typeof refresh_token === 'string' ? { refresh_token } : {}),
  }
}

/** Puts the client's proof into a request: parameters into `body`, the rest into the headers returned. */
export async function prove(
  issuer: string,
  proof: ClientProof,
  body: URLSearchParams,
): Promise<Record<string, string>> {
  switch (proof.kind) {
    case 'none':
      body.append('client_id', proof.clientId)
      return {}
    case 'secret': {
      if (proof.method === 'client_secret_post') {
        body.append('client_id', proof.clientId)
        body.append('client_secret', proof.secret)
        return {}
      }
      const pair = `${encodeURIComponent(proof.clientId)}:${encodeURIComponent(proof.secret)}`
      return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
    }
    case 'key': {
      const jti = randomBytes(16).toString('base64url')
      const nowSeconds = Math.floor(Date.now() / 1000)
      const { clientId, key } = proof
      body.append('client_assertion_type', clientAssertionType)
      body.append('client_assertion', await createClientAssertion({ clientId, issuer, key, nowSeconds, jti }, signNow))
      return {}
    }
  }
}
