import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createSealer, openMasterKey, openPostgresStore, type ReplicaAlarm } from '@sallyport/store'
import pg from 'pg'
import { eventually } from '../eventually.ts'
import { freePort } from '../free-ports.ts'
import { giveToPostgres, startPostgres } from './postgres.ts'
import { now, open, own } from './redis-opened.ts'

/** A CA of its own, and a certificate for localhost and 127.0.0.1. */
const tls = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
execFileSync(process.execPath, [join(import.meta.dirname, '../../packages/sallyport/src/local-ca/make.ts'), tls])
const [ca, cert, key] = ['ca.pem', 'server.pem', 'server.key.pem'].map(name => join(tls, name))

const settings = [
  "listen_addresses = '127.0.0.1,127.0.0.2'",
  'ssl = on',
  `ssl_cert_file = '${cert}'`,
  `ssl_key_file = '${key}'`,
]
for (const path of [tls, cert, key]) giveToPostgres(path ?? '')
assert.equal(statSync(key ?? '').mode & 0o077, 0)
const postgres = await startPostgres(settings)
const standby = await postgres.replica()
after(async () => {
  await standby.stop()
  await postgres.stop()
})

const protectedBy = (url: string, words: string) => `${url}?sslmode=verify-full${words}`
const ours = `&sslrootcert=${ca}`

async function openAt(t: TestContext, url: string, replica?: { url: string; heard: ReplicaAlarm[] }) {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-tls-home-'))
  const store = await openPostgresStore({
    url,
    nowSeconds: now,
    sealer: createSealer(openMasterKey({ home, environment: {} }), 'tls'),
    sealedKinds: [],
    schema: `tls_${process.hrtime.bigint()}`,
    ...(replica && { replica: { url: replica.url, onAlarm: alarm => replica.heard.push(alarm) } }),
  })
  t.after(() => store.close())
  return store
}

/** Whether each connection of ours to a server is encrypted, as the server says. */
async function encrypted(url: string): Promise<readonly boolean[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'sallyport'",
    )
    return rows.map(({ ssl }) => ssl)
  } finally {
    await client.end()
  }
}

test('Postgres under TLS: every connection to the primary and to a standby is encrypted, and all works', async t => {
  const heard: ReplicaAlarm[] = []
  const replica = { url: protectedBy(standby.url, ours), heard }
  const store = await openAt(t, protectedBy(postgres.url, ours), replica)
  const tenant = store.of('acme')
  await tenant.commit([{ put: { kind: 'code', key: 'k', value: { subject: 'u' } } }])
  const along = { account: { kind: 'account', path: ['subject'] } }
  assert.ok('won' in (await tenant.take('code', 'k', { put: [], along })))
  await eventually(() => heard.some(({ what }) => what === 'ready'), 'the standby is used')
  const page = await store.lagging('acme')?.listLagging('code', { limit: 10 })
  assert.ok((page?.records.length ?? 2) <= 1)
  for (const { url } of [postgres, standby]) {
    const each = await encrypted(url)
    assert.ok(each.length > 0 && each.every(Boolean), `${url}: ${each}`)
  }
})

test('a Postgres whose certificate nobody vouches for, or that is of another name, gets no password', async t => {
  const refused = (words: string) => ({ code: 'unreachable', message: new RegExp(words) })
  await assert.rejects(openAt(t, protectedBy(postgres.url, '')), refused('certificate'))
  const otherName = postgres.url.replace('127.0.0.1', '127.0.0.2')
  await assert.rejects(
    openAt(t, protectedBy(otherName, ours)),
    refused("127.0.0.2.*(?:altnames|alt names|cert's list)"),
  )
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0' // as an environment may have it for something else
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  await assert.rejects(openAt(t, protectedBy(postgres.url, '')), refused('certificate'))
  const plain = await startPostgres()
  t.after(() => plain.stop())
  await assert.rejects(openAt(t, protectedBy(plain.url, ours)), refused('SSL'))
})

test('Redis under TLS: claims are won once by rediss://, and closed where nobody vouches for its certificate', async t => {
  const port = await freePort()
  const words = ['--tls-port', String(port), '--tls-cert-file', `${cert}`, '--tls-key-file', `${key}`]
  const server = await own(t, [...words, '--tls-auth-clients', 'no'])
  const urls = [`rediss://127.0.0.1:${port}`]
  const unknown = await open(t, server, { urls })
  assert.deepEqual(unknown.told(), ['lost'])
  await assert.rejects(unknown.redis.claims.claim('acme', 'proof', 'a', now() + 60), { code: 'unreachable' })
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0' // as an environment may have it for something else
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  assert.deepEqual((await open(t, server, { urls, prefix: 'unasked' })).told(), ['lost'])
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED

  const before = getCACertificates('default')
  setDefaultCACertificates([...before, readFileSync(ca ?? '', 'utf8')]) // as NODE_EXTRA_CA_CERTS does
  t.after(() => setDefaultCACertificates(before))
  const known = await open(t, server, { urls, prefix: 'known' })
  assert.deepEqual(known.told(), [])
  await wait(1_100) // what a server of this second is asked may have been asked of the one before
  const claim = () => known.redis.claims.claim('acme', 'proof', 'b', now() + 60)
  assert.deepEqual([await claim(), await claim()], ['won', 'lost'])
})

test('an open way to a Redis elsewhere is told as an alarm, one on this machine is not', async t => {
  const server = await own(t)
  assert.deepEqual((await open(t, server)).told(), [])
  const elsewhere = await open(t, server, { urls: ['redis://redis.invalid:6379'] })
  assert.deepEqual(elsewhere.told().slice(0, 1), ['unprotected'])
  const encryptedElsewhere = await open(t, server, { urls: ['rediss://redis.invalid:6379'] })
  assert.ok(!encryptedElsewhere.told().includes('unprotected'))
})
