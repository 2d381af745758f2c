import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fixedKeys, generateSigningKey, importPublicJwk, isRefusal, signJwt, signNow } from '@sallyport/credentials'
import { createSealer, openMasterKey, openSqliteStore } from '@sallyport/store'
import { readAuthorityMetadata } from '../authority-metadata.ts'
import type { BffContext } from '../context.ts'

const issuer = 'http://localhost:4000'
const origin = 'http://localhost:4200'

/** How the authority answers one POST; the tests of `tests/` run against the real one. */
export type Answer = (url: string, form: URLSearchParams, headers: Headers) => Promise<Response> | Response

/** A context on a real store with a clock that tests move, and an authority whose answers a test gives. */
export async function bffForTests(answer: Answer) {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-bff-'))
  const clock = { now: 1_700_000_000 }
  const sealer = createSealer(openMasterKey({ home, environment: {} }), 'bff')
  const store = await openSqliteStore({
    path: join(home, 'bff.db'),
    nowSeconds: () => clock.now,
    sealer,
    sealedKinds: ['browser-session'],
  })
  const authorityKey = generateSigningKey('ES256')
  const verifyKey = importPublicJwk(authorityKey.publicJwk)
  if (isRefusal(verifyKey)) throw new Error(verifyKey.refused)
  const warnings: string[] = []
  const endpoint = (name: string) => `${issuer}/${name}`
  const context: BffContext = {
    settings: {
      origin,
      issuer,
      clientId: 'shop',
      scope: ['openid', 'profile', 'read:orders', 'refund:orders'],
      usualScope: ['openid', 'profile', 'read:orders'],
      resources: ['http://localhost:4100/orders'],
      routes: [{ prefix: '/api/orders', upstream: 'http://localhost:4100/orders', methods: ['GET', 'POST'] }],
      sessionTtlSeconds: 3600,
    },
    store: store.of('default'),
    clientKey: generateSigningKey('ES256'),
    sign: signNow,
    loginKey: randomBytes(32),
    metadata: async () =>
      readAuthorityMetadata(
        {
          issuer,
          authorization_endpoint: endpoint('authorize'),
          token_endpoint: endpoint('token'),
          revocation_endpoint: endpoint('revoke'),
          end_session_endpoint: endpoint('logout'),
          jwks_uri: endpoint('jwks'),
        },
        issuer,
      ),
    keys: async () => fixedKeys([verifyKey]),
    fetch: async (url, init) =>
      answer(url, init.body instanceof URLSearchParams ? init.body : new URLSearchParams(), new Headers(init.headers)),
    now: () => clock.now,
    random: bytes => randomBytes(bytes),
    log: { info: () => undefined, warn: event => void warnings.push(event) },
  }
  return {
    context,
    clock,
    warnings,
    /** An ID token as the authority would sign it. */
    idToken: (claims: Readonly<Record<string, unknown>>) => {
      const standard = { iss: issuer, aud: 'shop', sub: 'user_alice', iat: clock.now, exp: clock.now + 300 }
      return signJwt({ typ: 'JWT', claims: { ...standard, ...claims }, key: authorityKey }, signNow)
    },
    close: async () => {
      await store.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
