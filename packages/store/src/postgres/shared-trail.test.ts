import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import pg from 'pg'
import { CheckpointLog } from '../audit/checkpoint-log.ts'
import { Checkpoints } from '../audit/checkpoints.ts'
import { verifyStore } from '../audit/verify-store.ts'
import { record } from '../contract/audit-record.ts'
import { newSigner } from '../contract/checkpoint-signer.ts'
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

test('a record that was changed in the database is found, also when its hash was made to fit', async t => {
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

test('a tail that was cut before the checkpoint is found, with the end of its chain made to fit', async t => {
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
  assert.deepEqual(await found(), [['cut', 1]])
})
