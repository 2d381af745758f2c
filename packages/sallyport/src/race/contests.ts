import { randomBytes } from 'node:crypto'
import { createDpopProof, generateSigningKey } from '@sallyport/credentials'
import { type ClientProof, prove } from '../client/token-endpoint.ts'
import { type Contest, type ReadyRequest, race } from './contest.ts'
import { type RaceTarget, tokensOf } from './target.ts'

export type Parameters = Readonly<Record<string, string | undefined>>

/** Who asks, and how many times at once. */
export interface Contender {
  readonly target: RaceTarget
  readonly proof: ClientProof
  readonly parallel: number
}

/** One code, redeemed by all: OAuth 2.1 §4.1.3 lets one win. */
export async function raceForCode(contender: Contender, redemption: Parameters): Promise<Contest> {
  return race('code', contender.target, await many(contender, redemption))
}

/** One refresh token, shown by all: at most one successor may come of it (OAuth 2.1 §4.3.1). */
export async function raceForRefresh(contender: Contender, refreshToken: string, rest: Parameters): Promise<Contest> {
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken, ...rest }
  return race('refresh token', contender.target, await many(contender, parameters), refreshToken)
}

/** The refresh token that a redemption gives. */
export async function refreshTokenOf(contender: Contender, redemption: Parameters): Promise<string | undefined> {
  const { refresh_token } = await tokensOf(contender.target, await ready(contender, redemption))
  return typeof refresh_token === 'string' ? refresh_token : undefined
}

/** One client assertion in all requests: its `jti` works once (RFC 7523 §3, OpenID Connect Core §9). */
export async function raceForAssertion(contender: Contender, grant: Parameters): Promise<Contest> {
  const one = await ready(contender, grant)
  return race(
    'client assertion jti',
    contender.target,
    Array.from({ length: contender.parallel }, () => one),
  )
}

/** One DPoP proof in all requests, which are otherwise each their own: its `jti` works once (RFC 9449 §11.1). */
export async function raceForProof(contender: Contender, grant: Parameters): Promise<Contest> {
  const { target } = contender
  const proofOf = (nonce?: string): string =>
    createDpopProof(key, {
      htm: 'POST',
      htu: target.tokenEndpoint,
      iat: Math.floor(Date.now() / 1000),
      jti: randomBytes(16).toString('base64url'),
      ...(nonce === undefined ? {} : { nonce }),
    })
  const key = generateSigningKey('ES256')
  const nonce = await nonceOf(target, await ready(contender, grant), proofOf())
  const dpop = proofOf(nonce)
  const requests = await many(contender, grant)
  return race(
    'DPoP proof jti',
    target,
    requests.map(({ headers, body }) => ({ body, headers: { ...headers, dpop } })),
  )
}

/** The nonce that the server wants in proofs, if it wants one (RFC 9449 §8). */
async function nonceOf(target: RaceTarget, request: ReadyRequest, dpop: string): Promise<string | undefined> {
  const { headers, body } = request
  const answer = await fetch(target.tokenEndpoint, { method: 'POST', headers: { ...headers, dpop }, body })
  await answer.arrayBuffer()
  return answer.headers.get('dpop-nonce') ?? undefined
}

const many = (contender: Contender, parameters: Parameters): Promise<readonly ReadyRequest[]> =>
  Promise.all(Array.from({ length: contender.parallel }, () => ready(contender, parameters)))

async function ready({ target, proof }: Contender, parameters: Parameters): Promise<ReadyRequest> {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.append(name, value)
  const headers = await prove(target.issuer, proof, body)
  return { headers, body }
}
