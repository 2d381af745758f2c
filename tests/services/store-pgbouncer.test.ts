import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { newKey } from '@sallyport/store'
import { storeContract } from '@sallyport/store/suite'
import pg from 'pg'
import { openAt, openScratch } from '../../packages/store/src/postgres/testing/scratch-store.ts'
import { tokenRequest, tokensIn } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { exchange } from '../exchange.ts'
import { apiOn } from './guarded-api.ts'
import { install } from './machines.ts'
import { type PoolMode, startPgBouncer } from './pgbouncer.ts'
import { startPostgres } from './postgres.ts'

const now = () => Math.floor(Date.now() / 1000)

const server = await startPostgres()
const bySession = await startPgBouncer(server, 'session')
after(async () => {
  await bySession.stop()
  await server.stop()
})

storeContract('postgres behind PgBouncer by session', time => openScratch(bySession.url, time))

const refusal = { code: 'cannot_open', message: /hands sessions on/, hint: /pool_mode = session/ }

/** The ways in which it chooses who gets which session. */
const choices = {
  'what was last given back': [],
  'what was given back longest ago': ['server_round_robin = 1'],
  'the only one': ['default_pool_size = 1'],
  'one of two, in turn': ['default_pool_size = 2', 'server_round_robin = 1'],
}

async function pooled(t: TestContext, mode: PoolMode, settings: readonly string[]) {
  const pooler = await startPgBouncer(server, mode, settings)
  t.after(() => pooler.stop())
  return pooler
}

/** One of those that the adapter sets, as a client of the pool finds it. */
async function settingOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query("SELECT current_setting('client_min_messages') AS messages")).rows[0].messages
  } finally {
    await client.end()
  }
}

for (const mode of ['transaction', 'statement'] as const)
  for (const [choice, settings] of Object.entries(choices))
    test(`a pool by ${mode} that gives ${choice} is refused at the start, and its sessions are as they were`, async t => {
      const { url } = await pooled(t, mode, settings)
      const before = await settingOf(url)
      await assert.rejects(openAt({ url, schema: 'refused', nowSeconds: now }, newKey()), refusal)
      assert.equal(await settingOf(url), before)
    })

test('a pool by transaction is refused while others use it too, each time', async t => {
  const { url } = await pooled(t, 'transaction', ['default_pool_size = 5'])
  let running = true
  const busy = Array.from({ length: 20 }, async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    while (running) await client.query('SELECT pg_sleep(random() / 500)')
    await client.end()
  })
  for (let n = 0; n < 20; n += 1)
    await assert.rejects(openAt({ url, schema: 'refused', nowSeconds: now }, newKey()), refusal)
  running = false
  await Promise.all(busy)
})

test('two authorities behind a pool by session: a token that is revoked at one is refused by a guard that listens to the other', async t => {
  const installation = await install({ postgres: bySession.url })
  t.after(() => installation.stop())
  const { first } = installation
  const second = await installation.join('second', ['authority'])
  const ask = apiOn(t, first, second.authority)
  const grant = { grant_type: 'client_credentials', scope: 'read:orders', resource: first.resources.inside }
  const { access } = tokensIn(await tokenRequest({ ...first, issuer: second.authority }, 'nightly', grant))
  assert.equal(await ask(access), 200)
  const headers = { authorization: `Basic ${btoa(`nightly:${first.client('nightly').client_secret}`)}` }
  const body = new URLSearchParams({ token: access })
  const begun = performance.now()
  assert.equal((await exchange(`${first.issuer}/revoke`, { method: 'POST', headers, body })).status, 200)
  await eventually(async () => (await ask(access)) === 401, 'the revoked token is refused')
  t.diagnostic(`${(performance.now() - begun).toFixed(1)} ms`)
})

test('an installation behind a pool by transaction does not start, and says in one line what to do', async t => {
  const { url } = await pooled(t, 'transaction', [])
  await assert.rejects(install({ postgres: url }), /hands sessions on[^\n]*pool_mode = session/)
})
