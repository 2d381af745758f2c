/**
 * Our side of the token path: the authority as `npm start` composes it, with its databases, audit trail and log on disk,
 * and clients of the measurement's. Prints where it is; each line on its standard input asks for that many codes. Its
 * argument is the algorithm of its JWTs, ES256 unless told otherwise.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mintOpaqueToken, s256 } from '@sallyport/credentials'
import { createMetrics } from '@sallyport/server'
import type { AuthorizationCode } from '../../packages/authority/src/authorization-code.ts'
import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import { seed } from '../../packages/authority/src/testing/authority-seed.ts'
import { authorityListener, composeAuthority } from '../../packages/sallyport/src/composition/authority.ts'
import { openData } from '../../packages/sallyport/src/composition/data.ts'
import { openLog } from '../../packages/sallyport/src/composition/log.ts'
import { loadConfiguration } from '../../packages/sallyport/src/configuration/load.ts'
import { homePaths } from '../../packages/sallyport/src/home/home.ts'
import { freePorts } from '../../tests/free-ports.ts'
import { clientId, onCodesAsked, type SideSaid, verifier } from './token-path.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const home = homePaths(folder, {}, folder)
const loaded = loadConfiguration(undefined, {})
if ('failed' in loaded) throw new Error(loaded.message)
const settings = { ...loaded.values, tokens: { ...loaded.values.tokens, codeTtlSeconds: 600 } }
const { log, flush } = openLog({ level: settings.log.level, file: home.log })
const { port } = await freePorts(['port'])
const issuer = `http://localhost:${port}`
const data = await openData(home, settings, { writer: 'bench', stores: ['authority'] })
const { masterKey, authority: opened } = data
if (opened === undefined) throw new Error("the authority's store is not open")
const authority = await composeAuthority({
  issuer,
  settings,
  store: opened.store,
  masterKey,
  log,
  metrics: createMetrics(),
})
const { context } = authority
const listener = authorityListener(authority, { port, settings, log, metrics: createMetrics() })
const seeded = await seed(context)
const { secret, secretHash } = newSecret(context)
await context.store.commit([
  put('client', clientId, {
    ...seeded.clients.webApp,
    client_id: clientId,
    token_endpoint_auth_method: 'client_secret_post',
    secrets: [{ hash: secretHash, created_at: context.now() }],
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
  }),
  put('resource', seeded.resources.gateway.resource, {
    ...seeded.resources.gateway,
    introspection_clients: [clientId],
  }),
  put('resource', seeded.resources.orders.resource, {
    ...seeded.resources.orders,
    signing_alg: process.argv[2] ?? seeded.resources.orders.signing_alg,
  }),
])
await listener.listen()
onCodesAsked(count => mintCodes(count))
const said: SideSaid = {
  issuer: `http://127.0.0.1:${port}`,
  token: '/token',
  introspection: '/introspect',
  jwks: '/jwks',
  discovery: '/.well-known/openid-configuration',
  secret,
  redirectUri: seeded.clients.webApp.redirect_uris[0] ?? '',
  opaque: seeded.resources.gateway.resource,
  jwt: seeded.resources.orders.resource,
}
process.stdout.write(`${JSON.stringify(said)}\n`)
process.once('SIGTERM', async () => {
  await listener.close()
  authority.close()
  await data.close()
  flush()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})

function newSecret({ nowMs, random }: AuthorityContext): { secret: string; secretHash: string } {
  const { token, secretHash } = mintOpaqueToken('cs', { nowMs: nowMs(), random })
  return { secret: token, secretHash }
}

/** Codes as they would have come one after the other: each of its own millisecond, by which their keys are ordered. */
async function mintCodes(count: number): Promise<string[]> {
  const firstMs = context.nowMs() - count
  const minted = Array.from({ length: count }, (_, n) =>
    mintOpaqueToken('ac', { nowMs: firstMs + n, random: context.random }),
  )
  const expiresAt = context.now() + settings.tokens.codeTtlSeconds
  for (let from = 0; from < count; from += 1000) {
    const part = minted.slice(from, from + 1000)
    await context.store.commit(
      part.map(({ selector, secretHash: secret_hash }) => {
        const value = codeRecord(secret_hash, `fam_${selector}`)
        return { put: { kind: 'code', key: selector, value, expiresAt } }
      }),
    )
  }
  return minted.map(({ token }) => token)
}

function codeRecord(secret_hash: string, family: string): AuthorizationCode {
  return {
    secret_hash,
    client_id: clientId,
    redirect_uri: said.redirectUri,
    code_challenge: s256(verifier),
    scope: ['read:orders'],
    resources: [said.jwt],
    subject: seeded.account.id,
    session: seeded.session.sid,
    grant: seeded.grantOf(seeded.clients.webApp).id,
    family,
    auth_time: context.now(),
    acr: 'urn:sallyport:acr:password',
    amr: ['pwd'],
    issued_at: context.now(),
  }
}

function put(kind: string, key: string, value: object) {
  return { put: { kind, key, value } }
}
