import { hash } from 'node:crypto'
import { clientAssertionType, fixedKeys, parseCompactJws, rememberKeys, verifyJwt } from '@sallyport/credentials'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { tokenError } from './refused.ts'
import type { TokenError } from './token-error.ts'

/** An assertion may live this long at most: its `jti` is remembered until then. */
const maxLifetimeSeconds = 3600

/** Reading a JWK costs more than a signature; a client shows the same key again and again. */
const readKey = rememberKeys()

/** 10 to 60 (FAPI 2.0 §5.3.2.1: 10 s in the future is accepted, more than 60 s refused). */
const leewaySeconds = 30

/**
 * The client that an assertion names, before anything of it is proven.
 *
 * @see RFC 7523 §3: `iss` and `sub` are both the client_id
 */
export function assertedClientId(assertion: string): string | undefined {
  const parsed = parseCompactJws(assertion)
  if ('refused' in parsed) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parsed.payload).toString('utf8'))
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined
    return typeof subject === 'string' ? subject : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * Judges `private_key_jwt`: signed by a registered key, `iss` and `sub` the client, `aud` the issuer as a single string
 * (never a list, never an endpoint's URL), with `exp` and a `jti` that works once.
 *
 * @see RFC 7523 §3, RFC 7523bis §4, FAPI 2.0 §5.3.2.1, STANDARDS S20 to S23
 */
export async function judgeAssertion(
  assertion: { readonly jwt: string; readonly type: string | undefined },
  client: Client,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  if (assertion.type !== clientAssertionType)
    return badAssertion('assertion_type', 'RFC 7523 §2.2', clientAssertionType, assertion.type ?? 'none')
  const keys = (client.jwks?.keys ?? []).flatMap(jwk => {
    const key = readKey(jwk)
    return 'refused' in key ? [] : [key]
  })
  const verified = await verifyJwt(assertion.jwt, {
    typ: [undefined, 'JWT', 'client-authentication+jwt'],
    algorithms: ['ES256', 'PS256', 'RS256', 'EdDSA'],
    keys: fixedKeys(keys),
    issuer: client.client_id,
    audience: context.issuer,
    audienceForm: 'single',
    nowSeconds: context.now(),
    leewaySeconds,
    maxLifetimeSeconds,
  })
  if ('refused' in verified) return tokenError('invalid_client', verified, 'Client authentication failed.')
  const { sub, jti, exp } = verified.claims
  if (sub !== client.client_id) return badAssertion('assertion_subject', 'RFC 7523 §3', client.client_id, String(sub))
  if (typeof jti !== 'string' || jti === '' || jti.length > 512 || typeof exp !== 'number')
    return badAssertion('assertion_jti', 'FAPI 2.0 §5.3.2.1', 'a jti of 1 to 512 characters', typeof jti)
  return claimOnce(client, jti, Math.ceil(exp) + leewaySeconds + 1, context)
}

/** Hashed with the client's name, so that nobody can use up another client's identifiers. */
async function claimOnce(
  client: Client,
  jti: string,
  expiresAt: number,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  const claimed = await context.store.claim(
    'assertion',
    hash('sha256', JSON.stringify([client.client_id, jti]), 'base64url'),
    expiresAt,
  )
  if (claimed === 'won') return undefined
  return badAssertion('assertion_replayed', 'RFC 7523 §3', 'a jti that was not used before', 'a used one')
}

const badAssertion = (reason: string, rule: string, expected: string, got: string): TokenError => ({
  error: 'invalid_client',
  reason,
  rule,
  expected,
  got: got.slice(0, 256),
  hint: 'Client authentication failed.',
})
