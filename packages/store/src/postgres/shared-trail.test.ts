import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import pg from 'pg'
import { CheckpointLog } from '../audit/checkpoint-log.ts'
import { Checkpoints } from '../audit/checkpoints.ts'
import { verifyStore } from '../audit/verify-store.ts'
import { record } from '../contract/audit-record.ts'
import { newSigner } from '../contract/checkpoint-signer.ts'
import { StoreError } from '../store-error.ts'
import { Link } from './link.ts'
import { startPglite } from './testing/pglite-server.ts'
import { openScratch } from './testing/scratch-store.ts'

const pglite = await startPglite()
after(() => pglite.stop())

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: pglite.url })
  await client.connect()
  await client.query(text).finally(() => client.end())
}

/** Ten blocks of two records, with a checkpoint over them. */
async function tenBlocks(t: TestContext) {
  const clock = { seconds: 1_800_000_000 }
  const { store, schema, dispose } = await openScratch(pglite.url, () => clock.seconds)
  t.after(dispose)
  const signer = newSigner()
  for (let n = 0; n < 10; n += 1) {
    const put = [{ put: { kind: 'k', key: 'k', value: n } }]
    const commit = (name: string) => store.of('acme').commit(put, { audit: record(`${name} ${n}`) })
    await Promise.all([commit('a'), commit('b')])
  }
  await new CheckpointLog(store).write(signer, clock.seconds)
  const found = async () => (await verifyStore(store, signer)).problems.map(({ found, seq }) => [found, seq])
  assert.deepEqual(await found(), [])
  return { store, signer, clock, found, blocks: `${schema}.audit_block` }
}

test('a record that was changed in the database is found', async t => {
  const { found, blocks } = await tenBlocks(t)
  await sql(`UPDATE ${blocks} SET lines = replace(lines, 'b 4', 'b 5') WHERE seq = 10`)
  assert.deepEqual(await found(), [['changed', 10]])
})

test('a block that is missing is found, and so is a record that was taken out of one', async t => {
  const { found, blocks } = await tenBlocks(t)
  await sql(`UPDATE ${blocks} SET lines = split_part(lines, chr(10), 2) || chr(10) WHERE seq = 12`)
  assert.deepEqual(await found(), [['missing', 11]])
  await sql(`DELETE FROM ${blocks} WHERE seq = 6`)
  assert.deepEqual(await found(), [
    ['missing', 5],
    ['missing', 11],
  ])
})

test('records in another order are found', async t => {
  const { found, blocks } = await tenBlocks(t)
  const line = (n: number) => `split_part(lines, chr(10), ${n}) || chr(10)`
  await sql(`UPDATE ${blocks} SET lines = ${line(2)} || ${line(1)} WHERE seq = 8`)
  assert.deepEqual((await found())[0], ['missing', 7])
})

test('a tail that was cut before the checkpoint is found', async t => {
  const { found, blocks } = await tenBlocks(t)
  await sql(`DELETE FROM ${blocks} WHERE seq > 16`)
  assert.deepEqual(await found(), [['cut', 17]])
})

test('blocks are dropped by age once a signed checkpoint says so, never the newest', async t => {
  const { store, signer, clock, found, blocks } = await tenBlocks(t)
  clock.seconds += 2 * 86_400
  const options = { store, signer, holder: 'b', nowSeconds: () => clock.seconds, keepSeconds: 86_400 }
  const checkpoints = new Checkpoints({ ...options, onTrouble: assert.ifError })
  await checkpoints.stop()
  assert.deepEqual(await found(), [])
  assert.equal((await verifyStore(store, signer)).records, 2)
  await sql(`DELETE FROM ${blocks}`)
  assert.deepEqual(await found(), [['cut', 19]])
})

test('blocks whose age somebody changed in the database are not dropped for it', async t => {
  const { store, signer, clock, found, blocks } = await tenBlocks(t)
  await sql(`UPDATE ${blocks} SET written_at = 0`)
  const options = { store, signer, holder: 'b', nowSeconds: () => clock.seconds, keepSeconds: 86_400 }
  await new Checkpoints({ ...options, onTrouble: assert.ifError }).stop()
  assert.equal((await verifyStore(store, signer)).records, 20)
  assert.deepEqual(await found(), [])
})

test('round trips: one for a grant with its record or a look-up, two for peek and take with successors and record', async t => {
  const { store, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const put = (key: string) => ({ put: { kind: 'access', key, value: 1 } })
  await tenant.commit([put('warm'), { insert: { kind: 'refresh', key: 'r', value: 1 } }])
  let trips = 0
  const { read, write } = Link.prototype
  // What is sent while something is under way shares its round trip: the connection is pipelined.
  const trip = async <T>(link: Link, ask: () => Promise<T>): Promise<T> => {
    if (link.inFlight === 0 && !sending.has(link)) trips += 1
    sending.add(link)
    try {
      return await ask()
    } finally {
      sending.delete(link)
    }
  }
  const sending = new Set<Link>()
  t.mock.method(Link.prototype, 'read', function (this: Link, ...asked: Parameters<Link['read']>) {
    return trip(this, () => read.apply(this, asked))
  })
  t.mock.method(Link.prototype, 'write', function (this: Link, ...asked: Parameters<Link['write']>) {
    // Removal of what has expired is nobody's wait.
    return asked[0].name === 'sweep' ? write.apply(this, asked) : trip(this, () => write.apply(this, asked))
  })
  const counted = async (work: () => Promise<unknown>) => {
    trips = 0
    await work()
    return trips
  }
  assert.equal(await counted(() => tenant.commit([put('a')], { audit: record('a') })), 1, 'an opaque grant')
  assert.equal(await counted(() => store.audit.append(record('b'))), 1, 'a grant without a row')
  assert.equal(await counted(async () => tenant.peek('access', 'a')), 1, 'introspection')
  const along = { of: { kind: 'access', path: ['of'], along: { of: { kind: 'access', path: ['of'] } } } }
  assert.equal(await counted(async () => tenant.peekWith('access', 'a', along)), 1, 'a record with those it names')
  const refresh = async () => {
    await tenant.peekWith('refresh', 'r', along)
    const successor = { insert: { kind: 'refresh', key: 's', value: 1 } }
    await tenant.take('refresh', 'r', { put: [successor, put('c')], audit: record('c') })
  }
  assert.equal(await counted(refresh), 2, 'a refresh')
  const redemption = async () => {
    await tenant.peekWith('refresh', 's', along)
    await tenant.take('refresh', 's', { put: [put('d')], audit: record('d'), along })
  }
  assert.equal(await counted(redemption), 2, 'a code, with a look at who stands behind it after the commit')
  const many = () =>
    Promise.all(Array.from({ length: 100 }, (_, n) => tenant.commit([put(`m${n}`)], { audit: record(`m${n}`) })))
  assert.equal(await counted(many), 1, 'a hundred grants of one moment')
})

test('a look behind a taking that fails says that the outcome is unknown, never that nothing was written', async t => {
  const { store, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  await tenant.commit([{ put: { kind: 'code', key: 'k', value: { of: 'u' } } }])
  const { read } = Link.prototype
  const away = new StoreError('unreachable', 'It is away.', 'Wait.')
  const failing = t.mock.method(Link.prototype, 'read', () => Promise.reject(away))
  const along = { of: { kind: 'account', path: ['of'] } }
  await assert.rejects(tenant.take('code', 'k', { put: [], along }), { code: 'outcome_unknown', cause: away })
  failing.mock.mockImplementation(read)
  assert.ok((await tenant.peek('code', 'k'))?.usedAt !== undefined, 'it was taken')
})
