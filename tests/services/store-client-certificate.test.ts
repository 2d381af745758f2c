import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generateSigningKey } from '@sallyport/credentials'
import { createSealer, openMasterKey, openPostgresStore, type ReplicaAlarm, StoreError } from '@sallyport/store'
import pg from 'pg'
import { proofOf, tokenRequest } from '../code-flow.ts'
import { sallyport } from '../command-line.ts'
import { eventually } from '../eventually.ts'
import { freePort, freePorts } from '../free-ports.ts'
import { type OwnAuthority, ownAuthority, type Pair } from '../own-authority.ts'
import { startSystem } from '../system.ts'
import { giveToPostgres, type PostgresServer, startPostgres } from './postgres.ts'
import { startRedisCluster, tell } from './redis.ts'
import { now, open, own } from './redis-opened.ts'

const authority = ownAuthority()
const stranger = ownAuthority()
const { ca } = authority
const { cert, key } = authority.server
for (const path of [authority.folder, ca, cert, key]) giveToPostgres(path)

/** Nobody comes in by a password, nor without TLS; a standby streams without, and the test itself comes by the socket. */
const doors = join(mkdtempSync(join(authority.folder, 'hba-')), 'pg_hba.conf')
writeFileSync(
  doors,
  'hostssl all all 127.0.0.1/32 cert\nhost replication all 127.0.0.1/32 trust\nlocal all all trust\n',
)
for (const path of [join(doors, '..'), doors]) giveToPostgres(path)
const postgres = await startPostgres([
  'ssl = on',
  `ssl_cert_file = '${cert}'`,
  `ssl_key_file = '${key}'`,
  `ssl_ca_file = '${ca}'`,
  `hba_file = '${doors}'`,
])
const standby = await postgres.replica()
after(async () => {
  await standby.stop()
  await postgres.stop()
})

const urlOf = (to: PostgresServer, pair?: Pair) => {
  const words = pair === undefined ? '' : `&sslcert=${pair.cert}&sslkey=${pair.key}`
  return `${to.url}?sslmode=verify-full&sslrootcert=${ca}${words}`
}

async function openAt(t: TestContext, url: string, replica?: { url: string; heard: ReplicaAlarm[] }) {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-certificate-home-'))
  const store = await openPostgresStore({
    url,
    nowSeconds: now,
    sealer: createSealer(openMasterKey({ home, environment: {} }), 'certificate'),
    sealedKinds: [],
    schema: `certificate_${process.hrtime.bigint()}`,
    ...(replica && { replica: { url: replica.url, onAlarm: alarm => replica.heard.push(alarm) } }),
  })
  t.after(() => store.close())
  return store
}

/** Reads from a store of its own, and says `ok` or the code of what it failed with. */
async function readerAt(t: TestContext, url: string): Promise<() => Promise<string>> {
  const tenant = (await openAt(t, url)).of('acme')
  return async () => {
    try {
      await tenant.peek('code', 'k')
      return 'ok'
    } catch (error) {
      assert.ok(error instanceof StoreError)
      return error.code
    }
  }
}

/** Asks a server past its doors. */
async function ask(to: PostgresServer, text: string): Promise<readonly Record<string, string>[]> {
  const { port } = new URL(to.url)
  const client = new pg.Client({ host: to.home, port: Number(port), user: 'sallyport', database: 'postgres' })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Who the connections of ours are to a server, and by which certificate. */
const known = (to: PostgresServer) =>
  ask(
    to,
    `SELECT client_dn AS name, client_serial::text AS serial FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
     WHERE application_name = 'sallyport'`,
  )

const hangUp = (to: PostgresServer) =>
  ask(to, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sallyport'`)

test('Postgres by the method cert: every connection to the primary and to a standby comes by its certificate, without a password', async t => {
  const pair = await authority.client('sallyport')
  const heard: ReplicaAlarm[] = []
  const store = await openAt(t, urlOf(postgres, pair), { url: urlOf(standby, pair), heard })
  const tenant = store.of('acme')
  let woken = false
  const onNews = () => {
    woken = true
  }
  t.after(tenant.watch('news', onNews))
  await tenant.commit([
    { put: { kind: 'code', key: 'k', value: { subject: 'u' } } },
    { append: { stream: 'news', value: 'n', expiresAt: now() + 60 } },
  ])
  await eventually(() => woken, 'who watches is woken')
  await eventually(() => heard.some(({ what }) => what === 'ready'), 'the standby is used')
  await store.lagging('acme')?.listLagging('code', { limit: 10 })
  for (const to of [postgres, standby]) {
    const each = await known(to)
    assert.ok(each.length > 0 && each.every(({ name }) => name === '/CN=sallyport'), JSON.stringify(each))
  }
})

test('Postgres: a renewed certificate is taken by the next connection, and one that is of no use is an outage until it is good again', async t => {
  const pair = await authority.client('sallyport')
  const read = await readerAt(t, urlOf(postgres, pair))
  assert.equal(await read(), 'ok')
  const [before] = await known(postgres)
  await authority.client('sallyport')
  await hangUp(postgres)
  const isRenewed = async () => {
    const ok = (await read()) === 'ok'
    const each = await known(postgres)
    return ok && each.length > 0 && each.every(({ serial }) => serial !== before?.serial)
  }
  await eventually(isRenewed, 'every connection comes by the new one')

  writeFileSync(pair.cert, 'half of a rene')
  await hangUp(postgres)
  await eventually(async () => (await read()) === 'unreachable', 'it is told as an outage')
  await authority.client('sallyport')
  await eventually(async () => (await read()) === 'ok', 'it is read again')
})

test('Postgres: an authority whose file is empty vouches for nobody, and nobody else does in its place', async t => {
  const ownCa = join(mkdtempSync(join(authority.folder, 'renewed-')), 'ca.pem')
  copyFileSync(ca, ownCa)
  const pair = await authority.client('sallyport')
  const url = `${postgres.url}?sslmode=verify-full&sslrootcert=${ownCa}&sslcert=${pair.cert}&sslkey=${pair.key}`
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, readFileSync(ca, 'utf8')]) // the system would vouch for the server
  t.after(() => setDefaultCACertificates(before))
  const read = await readerAt(t, url)
  assert.equal(await read(), 'ok')

  truncateSync(ownCa)
  await hangUp(postgres)
  await eventually(async () => (await read()) === 'unreachable', 'it is told as an outage')
  assert.deepEqual([await read(), await known(postgres)], ['unreachable', []])
  await assert.rejects(openAt(t, url), { code: 'cannot_open', message: /^sslrootcert .*holds no certificate/ })
  copyFileSync(ca, ownCa)
  await eventually(async () => (await read()) === 'ok', 'it is read again')
})

test('Postgres: no certificate, or one of another user or another authority, is refused in one line', async t => {
  const refusal = async (pair?: Pair): Promise<string> => {
    const opening = openAt(t, urlOf(postgres, pair))
    const { message } = await opening.then(
      () => assert.fail('it was opened'),
      error => error,
    )
    assert.doesNotMatch(message, /\n|PRIVATE|openssl/)
    return message
  }
  assert.match(await refusal(), /refused this user.*valid client certificate.*sslcert/)
  assert.match(await refusal(await authority.client('mallory')), /refused this user.*certificate.*sslcert/)
  assert.match(await refusal(await stranger.client('sallyport')), /\(TLS: .*(?:unknown ca|decrypt error)\).*sslcert/)
})

/** By which a Redis speaks TLS and asks for certificates, as it does where nothing else is said. */
const asking = (by: OwnAuthority) =>
  ['--tls-ca-cert-file', by.ca, '--tls-cert-file', by.server.cert, '--tls-key-file', by.server.key] as const

async function askingRedis(t: TestContext, by: OwnAuthority) {
  const port = await freePort()
  return { server: await own(t, ['--tls-port', String(port), ...asking(by)]), urls: [`rediss://127.0.0.1:${port}`] }
}

test('Redis with tls-auth-clients: claims are won once by a certificate of its authority, and closed without one', async t => {
  const { server, urls } = await askingRedis(t, authority)
  const pair = await authority.client('sallyport')
  const { redis, told } = await open(t, server, { urls, tls: { ca, ...pair } })
  await wait(1_100) // what a server of this second is asked may have been asked of the one before
  const claim = () => redis.claims.claim('acme', 'proof', 'a', now() + 60)
  assert.deepEqual([await claim(), await claim(), told()], ['won', 'lost', []])

  for (const none of [{ ca }, { ca, ...(await stranger.client('sallyport')) }, pair]) {
    const refused = await open(t, server, { urls, tls: none, prefix: 'refused' })
    assert.deepEqual(refused.told(), ['lost'])
    assert.doesNotMatch(refused.alarms[0]?.message ?? '', /\n|PRIVATE|openssl/)
    const claimed = refused.redis.claims.claim('acme', 'proof', 'b', now() + 60)
    await assert.rejects(claimed, ({ code }) => code === 'unreachable' || code === 'outcome_unknown')
  }
})

test('Redis: a renewed certificate and even another authority are taken by the next connection, of commands and of wake-ups', async t => {
  const changing = ownAuthority()
  const { server, urls } = await askingRedis(t, changing)
  const pair = await changing.client('sallyport')
  const { redis, told } = await open(t, server, { urls, tls: { ca: changing.ca, ...pair } })
  let woken = 0
  t.after(redis.wakeUps.watch('acme', 'news', () => woken++))
  const isWoken = async () => {
    const before = woken
    await redis.wakeUps.wake('acme', 'news')
    await wait(20) // it goes to Redis by one connection, and comes back by another
    return woken > before
  }
  await eventually(isWoken, 'it is woken')
  await server.kill()
  ownAuthority(changing.folder)
  await server.start()
  await eventually(async () => !(await isWoken()) && told().includes('lost'), 'the old ones are of no use')
  await changing.client('sallyport')
  await eventually(isWoken, 'it is woken again')
  assert.ok(['won', 'lost'].includes(await redis.claims.claim('acme', 'proof', 'c', now() + 60)))
})

test('Redis: every node of a cluster is spoken to under TLS, by our certificate and as the user of the URL', async t => {
  const pair = await authority.client('sallyport')
  const among = ['--tls-client-cert-file', pair.cert, '--tls-client-key-file', pair.key]
  const { servers, urls: nodes, stop } = await startRedisCluster([...asking(authority), ...among])
  t.after(stop)
  for (const { port } of servers) await tell(port, 'CONFIG SET requirepass hunter22')
  const urls = nodes.map(url => url.replace('//', '//:hunter22@'))
  const [server] = servers
  assert.ok(server)
  const { redis, told } = await open(t, server, { urls, tls: { ca, ...pair } })
  let woken = false
  const onWake = () => {
    woken = true
  }
  t.after(redis.wakeUps.watch('acme', 'news', onWake))
  const isWoken = async () => {
    await redis.wakeUps.wake('acme', 'news')
    return woken
  }
  await eventually(isWoken, 'it is woken')
  const claims = Array.from({ length: 30 }, (_, n) => redis.claims.claim('acme', 'proof', `${n}`, now() + 60))
  assert.deepEqual(new Set(await Promise.all(claims)), new Set(['won']))
  assert.deepEqual(told(), [])
})

test('the whole program by certificates and no password: migrate, start, a token with a proof, status', async t => {
  const { urls } = await askingRedis(t, authority)
  const pair = await authority.client('sallyport')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificate-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
  const SALLYPORT_CONFIG = join(folder, 'sallyport.yaml')
  const environment = {
    SALLYPORT_CONFIG,
    SALLYPORT_POSTGRES_URL: urlOf(postgres, pair),
    SALLYPORT_POSTGRES_REPLICA_URL: urlOf(standby, pair),
    SALLYPORT_REDIS_URL: urls[0] ?? '',
  }
  const { SALLYPORT_POSTGRES_REPLICA_URL, ...onSqlite } = environment
  const redis = `redis: { tlsCa: ${ca}, tlsCert: ${pair.cert}, tlsKey: ${pair.key} }\n`
  writeFileSync(SALLYPORT_CONFIG, redis)
  await (await startSystem({ home, ports, environment: onSqlite })).stop()
  await sallyport({ home, environment: onSqlite }, 'migrate', '--from', 'sqlite', '--to', 'postgres')

  writeFileSync(SALLYPORT_CONFIG, `${redis}store: { authority: postgres, bff: postgres }\n`)
  const system = await startSystem({ home, ports, environment })
  t.after(() => system.stop())
  const dpop = proofOf(generateSigningKey('ES256'), { htm: 'POST', htu: `${system.issuer}/token` })
  const asked = { grant_type: 'client_credentials', resource: system.resources.outside }
  const { status, text } = await tokenRequest(system, 'nightly', asked, { dpop })
  assert.equal(status, 200, text)
  const told = await sallyport({ home, environment }, 'status')
  assert.match(told, /Postgres 127\.0\.0\.1:\d+\/postgres/)
  assert.match(told, /Redis 127\.0\.0\.1/)
  assert.match(told, /process.*host.*pid/)
  await system.stop()

  const missing = { ...environment, SALLYPORT_POSTGRES_URL: urlOf(postgres, { ...pair, key: '/nowhere/tls.key' }) }
  const line = /sslkey \(\/nowhere\/tls\.key\) cannot be read \(ENOENT\)/
  const isOneLine = (error: unknown) => {
    const said = Object(error).stderr
    return line.test(said) && !/\n +at |PRIVATE/.test(said) && Object(error).code === 3
  }
  await assert.rejects(sallyport({ home, environment: missing }, 'start'), isOneLine)
  await assert.rejects(
    sallyport({ home, environment: missing }, 'migrate', '--from', 'postgres', '--to', 'sqlite'),
    isOneLine,
  )
})
