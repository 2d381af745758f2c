import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { administratorOf } from '../administrator.ts'
import { getTokens, tokenRequest } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { exchange } from '../exchange.ts'
import { startSystem } from '../system.ts'
import { install } from './machines.ts'
import { pauseReplay, startPostgres } from './postgres.ts'

const postgres = await startPostgres()
const standby = await postgres.replica()
const installation = await install({ postgres: postgres.url, replica: standby.url })
after(async () => {
  await installation.stop()
  await standby.stop()
  await postgres.stop()
})
const { first } = installation
const administrator = await administratorOf(first)

const machine = { grant_types: ['client_credentials'], scopes: ['read:orders'], resources: [first.resources.inside] }
const add = (client_name: string) =>
  administrator.addClient({ client_name, ...machine, grant_types: ['client_credentials'] })
const named = async (path: string, authority?: string) =>
  (await administrator.list(path, authority)).map(({ client_name }) => String(client_name))
const exact = () => named('/clients')
const lagging = (authority?: string) => named('/clients?may_lag=true', authority)

/** What a metric says, all its labels in one. */
async function metric(name: string, authority = first.issuer): Promise<string | undefined> {
  const { text } = await exchange(`${authority}/metrics`)
  return text
    .split('\n')
    .find(line => line.startsWith(`${name} `))
    ?.split(' ')[1]
}
const isUsed = (authority?: string) =>
  eventually(async () => (await metric('sallyport_replica_up', authority)) === '1', 'the standby is used')

async function onStandby(t: TestContext): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: standby.url })
  client.on('error', () => client.removeAllListeners()) // the standby is killed under it
  await client.connect()
  t.after(() => client.end().catch(() => undefined))
  return client
}

test('a list that may lag is the standby’s; any other shows what was done before it, also what the standby does not have yet', async t => {
  await isUsed()
  await add('before')
  assert.ok((await exact()).includes('before'))
  await eventually(async () => (await lagging()).includes('before'), 'the standby has it too')
  const control = await onStandby(t)
  await pauseReplay(control)
  const added = await add('meanwhile')
  assert.ok((await exact()).includes('meanwhile'))
  assert.ok(!(await lagging()).includes('meanwhile'), 'the page came from the primary')
  const grant = { grant_type: 'client_credentials', resource: first.resources.inside }
  const authorization = `Basic ${btoa(`${added.client_id}:${added.client_secret}`)}`
  const ask = () =>
    exchange(`${first.issuer}/token`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(grant) })
  assert.equal((await ask()).status, 200, 'a client that the standby does not know gets a token')
  await control.query('SELECT pg_wal_replay_resume()')
  await eventually(async () => (await lagging()).includes('meanwhile'), 'the standby has it')
  await pauseReplay(control)
  await administrator.removeClient(added.client_id)
  assert.ok((await lagging()).includes('meanwhile'))
  assert.equal((await ask()).status, 401, 'a client that the standby still has gets none')
  await control.query('SELECT pg_wal_replay_resume()')
})

test('sign-ins, tokens, introspections and revocations ask the standby nothing', async t => {
  await isUsed()
  const control = await onStandby(t)
  const scans = async (): Promise<number> => {
    const { rows } = await control.query(`
      SELECT idx_scan::int + seq_scan::int AS scans FROM pg_stat_user_tables
      WHERE schemaname = 'sallyport' AND relname = 'record'`)
    return rows[0].scans
  }
  // A session's counts come up to a second late, together, when it does something: it is asked for its standing every two.
  const settled = async (): Promise<number> => {
    for (let last = await scans(); ; ) {
      await wait(2_500)
      const now = await scans()
      if (now > last && now <= last + 2) return now
      last = now
    }
  }
  const [before, begun] = [await settled(), performance.now()]
  const asked = { client: 'web-app', username: 'alice', scope: 'openid offline_access read:orders' }
  let { refresh } = await getTokens(first, { ...asked, resource: first.resources.outside })
  for (let n = 0; n < 100; n += 1) {
    const rotated = await tokenRequest(first, 'web-app', { grant_type: 'refresh_token', refresh_token: refresh })
    assert.equal(rotated.status, 200, rotated.text)
    refresh = String(rotated.json.refresh_token)
  }
  const { client_secret } = first.client('web-app')
  const headers = { authorization: `Basic ${btoa(`web-app:${client_secret}`)}` }
  const body = new URLSearchParams({ token: refresh })
  for (const path of ['introspect', 'revoke'])
    assert.equal((await exchange(`${first.issuer}/${path}`, { method: 'POST', headers, body })).status, 200)
  const lists = 40
  for (let n = 0; n < lists; n += 1) await lagging()
  const found = (await settled()) - before
  const looks = Math.ceil((performance.now() - begun) / 2_000) + 1
  t.diagnostic(`${found} scans for ${lists} lists and at most ${looks} looks`)
  assert.ok(found >= lists && found <= lists + looks, `${found} scans for ${lists} lists and ${looks} looks`)
})

test('the death of the standby costs no list, an authority starts without it, and it is used again when it is back', async t => {
  await isUsed()
  let [running, answered] = [true, 0]
  const lane = async () => {
    for (; running; answered += 1) assert.ok((await lagging()).includes('before'))
  }
  const lanes = Array.from({ length: 4 }, lane)
  await eventually(() => answered > 50, 'lists are answered')
  await standby.kill()
  const at = answered
  await eventually(() => answered > at + 200, 'lists are answered without the standby')
  running = false
  await Promise.all(lanes)
  assert.equal(await metric('sallyport_replica_up'), '0')
  assert.ok(Number(await metric('sallyport_replica_alarms_total{what="lost"}')) >= 1)
  assert.match(readFileSync(join(first.home, 'sallyport.log'), 'utf8'), /"what":"lost".*"event":"replica_alarm"/)
  await add('alone')
  assert.ok((await lagging()).includes('alone'))
  const second = await installation.join('second', ['authority'])
  assert.ok((await lagging(second.authority)).includes('alone'))
  assert.equal(await metric('sallyport_replica_up', second.authority), '0')
  await standby.start()
  for (const authority of [first.issuer, second.authority]) await isUsed(authority)
  await eventually(async () => (await lagging()).includes('alone'), 'the standby has caught up')
  const control = await onStandby(t)
  await pauseReplay(control)
  await add('again')
  for (const authority of [first.issuer, second.authority]) assert.ok(!(await lagging(authority)).includes('again'))
  await control.query('SELECT pg_wal_replay_resume()')
})

test('a replica beside SQLite is a mistake, and nothing starts', async () => {
  const starting = startSystem({ environment: { SALLYPORT_POSTGRES_REPLICA_URL: standby.url } })
  await assert.rejects(starting, /replica_without_postgres/)
})
