import { randomBytes } from 'node:crypto'
import { createDpopProof, type SigningKey, s256 } from '@sallyport/credentials'
import { exchange, type Reply } from './exchange.ts'
import type { RunningSystem } from './system.ts'
import { UserAgent } from './user-agent.ts'

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)
export const randomText = (): string => randomBytes(32).toString('base64url')

export interface AskedCode {
  readonly client: string
  readonly username: string
  readonly scope: string
  readonly resource: string
  /** Further parameters of the authorization request, or others instead of the usual. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly agent?: UserAgent
}

/** A code and what it takes to redeem it. */
export interface GotCode {
  readonly client: string
  readonly code: string
  readonly verifier: string
  readonly redirectUri: string
  readonly resource: string
  /** The whole redirect. */
  readonly redirect: URL
}

/** An authorization request as a client would send it. */
export function authorizationRequest(system: RunningSystem, asked: Omit<AskedCode, 'username'>, verifier: string) {
  const redirectUri = system.client(asked.client).redirect_uris?.[0] ?? ''
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: asked.client,
    redirect_uri: redirectUri,
    scope: asked.scope,
    resource: asked.resource,
    state: randomText(),
    nonce: randomText(),
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    ...asked.parameters,
  })
  return { url: `${system.issuer}/authorize?${parameters}`, redirectUri, parameters }
}

/** Has the user sign in and consent on the real pages. */
export async function getCode(system: RunningSystem, asked: AskedCode): Promise<GotCode> {
  const verifier = randomText()
  const { url, redirectUri } = authorizationRequest(system, asked, verifier)
  const agent = asked.agent ?? new UserAgent()
  const redirect = await agent.authorize(url, redirectUri, system.user(asked.username))
  const code = redirect.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${redirect}`)
  return { client: asked.client, code, verifier, redirectUri, resource: asked.resource, redirect }
}

/** The parameters that redeem a code. */
export const redemption = (got: GotCode): Record<string, string> => ({
  grant_type: 'authorization_code',
  code: got.code,
  code_verifier: got.verifier,
  redirect_uri: got.redirectUri,
  resource: got.resource,
})

/** A token request of a demo client that has a secret or none. */
export function tokenRequest(
  system: RunningSystem,
  clientId: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const { client_secret: secret } = system.client(clientId)
  const body = new URLSearchParams(parameters)
  if (secret === undefined && !body.has('client_id')) body.set('client_id', clientId)
  const authorization = secret === undefined ? undefined : `Basic ${btoa(`${clientId}:${secret}`)}`
  return exchange(`${system.issuer}/token`, { method: 'POST', headers: { authorization, ...headers }, body })
}

export interface Tokens {
  readonly access: string
  readonly refresh: string
  readonly id: string
}

export function tokensIn(reply: Reply): Tokens {
  const { access_token: access, refresh_token: refresh = '', id_token: id = '' } = reply.json
  if (reply.status !== 200 || typeof access !== 'string') throw new Error(`no tokens: ${reply.status} ${reply.text}`)
  return { access, refresh: String(refresh), id: String(id) }
}

/** From the sign-in page to tokens; bound to `dpopKey` where one is given. */
export async function getTokens(system: RunningSystem, asked: AskedCode, dpopKey?: SigningKey): Promise<Tokens> {
  const got = await getCode(system, asked)
  const proof = dpopKey === undefined ? {} : { dpop: proofOf(dpopKey, { htm: 'POST', htu: `${system.issuer}/token` }) }
  return tokensIn(await tokenRequest(system, asked.client, redemption(got), proof))
}

/** A fresh DPoP proof. */
export const proofOf = (
  key: SigningKey,
  claims: Partial<Parameters<typeof createDpopProof>[1]> & { readonly htm: string; readonly htu: string },
): string => createDpopProof(key, { iat: nowSeconds(), jti: randomText(), ...claims })
