import { randomUUID } from 'node:crypto'
import { setImmediate as nextRound } from 'node:timers/promises'
import { accessTokenHash, createDpopProof, generateSigningKey, jwkThumbprint } from '@sallyport/credentials'
import { type TestIssuer, testIssuer } from '../packages/guard/src/http/testing/test-issuer.ts'
import { compare, type Side } from './sides/compare.ts'
import { linesFile } from './sides/credentials-in-use.ts'
import type { Asked } from './sides/guarded.ts'
import { startPinned } from './sides/pinned-server.ts'

const CONNECTIONS = 32
const CACHED_TOKENS = 1_000
/** More than any side can look at. */
const NEW_TOKENS_A_SECOND = 30_000
const resource = 'http://orders.test'

interface Said {
  readonly origin: string
}

/**
 * How many bearer requests a second one core checks: cached beside fast-jwt's cache (no revocation there) and
 * express-oauth2-jwt-bearer, seen for the first time beside jose, and with a fresh DPoP proof beside node:http with one
 * verification. Door one alone; the guard checks revocation at every request. Beside them, what Fastify leaves to any
 * guard: a hook that checks nothing, and one that verifies a signature and reads nothing.
 */
export default async function run(): Promise<object> {
  const issuer = await testIssuer()
  try {
    const tokens = await Promise.all(Array.from({ length: CACHED_TOKENS }, () => issuer.token({ aud: resource })))
    const known = linesFile(tokens)
    const cached = (way: string) => side(way, issuer, () => [known, 'Bearer', 'again'])
    const fresh = (way: string) =>
      side(way, issuer, async seconds => [await newTokens(issuer, seconds * NEW_TOKENS_A_SECOND), 'Bearer'])
    return {
      connections: CONNECTIONS,
      results: {
        cached: await compare([cached('guard'), cached('unguarded'), cached('express'), cached('fast-jwt')]),
        'first sight': await compare([fresh('guard'), fresh('verified'), fresh('jose')]),
        'fresh proof': await compare([
          side('guard', issuer, async seconds => [await boundTokens(issuer, seconds * NEW_TOKENS_A_SECOND), 'DPoP']),
          { ...cached('raw-verify'), name: 'node:http with one verification' },
        ]),
      },
    }
  } finally {
    await issuer.close()
  }
}

function side(
  way: string,
  issuer: TestIssuer,
  words: (seconds: number) => readonly string[] | Promise<readonly string[]>,
): Side<Said> {
  const asked: Asked = { issuer: issuer.issuer, resource, jwk: { ...issuer.key.publicJwk } }
  return {
    name: way,
    start: () => startPinned('guarded.ts', [way, JSON.stringify(asked)]),
    load: async ({ said }, seconds) => ({
      url: `${said.origin}/orders`,
      connections: CONNECTIONS,
      seconds,
      script: ['bearer.lua', ...(await words(seconds))],
    }),
  }
}

async function newTokens(issuer: TestIssuer, count: number): Promise<string> {
  return linesFile(await inRounds(count, () => issuer.token({ aud: resource })))
}

/** So many, with a rest now and then: the issuer lives in this process, and guards that hear nothing from it close. */
async function inRounds(count: number, make: () => string | Promise<string>): Promise<readonly string[]> {
  const made: string[] = []
  while (made.length < count) {
    made.push(await make())
    if (made.length % 1_000 === 0) await nextRound()
  }
  return made
}

/** A token bound to a key, made for each load since it does not live long, and as many proofs of that key as asked for. */
async function boundTokens(issuer: TestIssuer, count: number): Promise<string> {
  const key = generateSigningKey('ES256')
  const token = await issuer.token({ aud: resource, cnf: { jkt: jwkThumbprint(key.publicJwk) } })
  const claims = { htm: 'GET', htu: `${resource}/orders`, ath: accessTokenHash(token) }
  const proof = () => createDpopProof(key, { ...claims, iat: Math.floor(Date.now() / 1000), jti: randomUUID() })
  return linesFile(await inRounds(count, () => `${token} ${proof()}`))
}
