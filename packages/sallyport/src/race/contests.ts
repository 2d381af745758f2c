import { randomBytes } from 'node:crypto'
import { createDpopProof, generateSigningKey } from '@sallyport/credentials'
import { callJson } from '../client/call.ts'
import { type Contender, many, type Parameters, ready } from './contender.ts'
import type { Contest, Raced } from './contest.ts'
import { tokensOf } from './target.ts'
import { hasToken, isBound, raceForTokens } from './token-race.ts'

/** One code, redeemed by all: OAuth 2.1 §4.1.3 lets one win. */
export async function raceForCode(contender: Contender, redemption: Parameters): Promise<Contest> {
  return raceForTokens('code', contender.target, await many(contender, redemption))
}

/** One refresh token, shown by all: at most one successor may come of it (OAuth 2.1 §4.3.1). */
export async function raceForRefresh(contender: Contender, refreshToken: string, rest: Parameters): Promise<Contest> {
  const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken, ...rest }
  return raceForTokens('refresh token', contender.target, await many(contender, parameters), {
    presented: refreshToken,
  })
}

/** The refresh token that a redemption gives. */
export async function refreshTokenOf(contender: Contender, redemption: Parameters): Promise<string | undefined> {
  const { refresh_token } = await tokensOf(contender.target, await ready(contender, redemption))
  return typeof refresh_token === 'string' ? refresh_token : undefined
}

/** One client assertion in all requests: its `jti` works once (RFC 7523 §3, OpenID Connect Core §9). */
export async function raceForAssertion(contender: Contender, grant: Parameters): Promise<Contest> {
  const one = await ready(contender, grant)
  return raceForTokens(
    'client assertion jti',
    contender.target,
    Array.from({ length: contender.parallel }, () => one),
  )
}

/**
 * One DPoP proof in all requests, which are otherwise each their own: its `jti` works once (RFC 9449 §11.1). Left out where
 * the server takes no notice of proofs, and gives tokens of another type (§5).
 */
export async function raceForProof(contender: Contender, grant: Parameters): Promise<Raced> {
  const { target } = contender
  const key = generateSigningKey('ES256')
  const proofOf = (nonce?: string): string =>
    createDpopProof(key, {
      htm: 'POST',
      htu: target.tokenEndpoint,
      iat: Math.floor(Date.now() / 1000),
      jti: randomBytes(16).toString('base64url'),
      ...(nonce === undefined ? {} : { nonce }),
    })
  const { headers, body } = await ready(contender, grant)
  const first = { method: 'POST', headers: { ...headers, dpop: proofOf() }, body }
  const answer = await callJson(target.tokenEndpoint, first)
  if (hasToken(answer) && !isBound(answer)) {
    const got = String(answer.body.token_type)
    const why = `the server does not bind tokens: to a request with a proof it answers token_type ${got} (RFC 9449 §5)`
    return { kind: 'DPoP proof jti', why }
  }
  // The server may want a nonce in proofs (RFC 9449 §8).
  const dpop = proofOf(answer.headers.get('dpop-nonce') ?? undefined)
  const requests = await many(contender, grant)
  return raceForTokens(
    'DPoP proof jti',
    target,
    requests.map(request => ({ body: request.body, headers: { ...request.headers, dpop } })),
    { bound: true },
  )
}
