import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { newSigner } from '../contract/checkpoint-signer.ts'
import { openMasterKey } from '../sealing/master-key.ts'
import { createSealer } from '../sealing/sealer.ts'
import { openAt, scratchFolder, trailPath } from '../sqlite/scratch-store.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { ChainFile } from './chain-file.ts'
import { Checkpoints } from './checkpoints.ts'
import { chainLine } from './record.ts'
import { closedSegments, segmentName } from './segments.ts'
import { verifyStore } from './verify-store.ts'

const BEGUN = 1_800_000_000
const DAY = 86_400

/** A store that three records of one writer went to, all in a closed file, and one of another in the file that is written. */
async function twoFiles(t: TestContext) {
  const folder = scratchFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'scratch.db')
  const path = trailPath(database)
  const clock = { seconds: BEGUN }
  const signer = newSigner()
  const open = (writer: string) => openAt(database, () => clock.seconds, writer)
  const write = async (writer: string, times: number, closes: string | undefined) => {
    const store = await open(writer)
    for (let n = 0; n < times; n += 1)
      await store.audit.append({ at: clock.seconds, tenant: 'acme', actor: 'a', action: 'test.write', outcome: 'done' })
    const checkpoints = new Checkpoints({ ...turns(clock), store, signer, holder: writer })
    await checkpoints.stop()
    await store.close()
    if (closes !== undefined) renameSync(path, closes)
  }
  return { path, database, clock, signer, open, write }
}

const turns = (clock: { seconds: number }) => ({
  nowSeconds: () => clock.seconds,
  keepSeconds: DAY,
  onTrouble: assert.ifError,
})

test('a chain of which everything was dropped by age is no cut one', async t => {
  const { path, clock, signer, open, write } = await twoFiles(t)
  await write('gone', 3, segmentName(path, BEGUN * 1000))
  clock.seconds += DAY + 10
  await write('next', 1, undefined)
  const store = await open('last')
  t.after(() => store.close())
  assert.deepEqual(closedSegments(path), [])
  const { intact, records, problems } = await verifyStore(store, signer)
  assert.deepEqual([intact, records, problems], [true, 1, []])
})

test('a file that somebody gave an older name is not dropped for it', async t => {
  const { path, signer, open, write } = await twoFiles(t)
  await write('a', 3, segmentName(path, 1))
  await write('a', 1, undefined)
  const store = await open('last')
  t.after(() => store.close())
  assert.equal(closedSegments(path).length, 1)
  assert.equal((await verifyStore(store, signer)).records, 4)
})

test('a record that somebody made older, with a hash that fits, cannot be dropped without a trace', async t => {
  const { path, signer, open, write } = await twoFiles(t)
  const segment = segmentName(path, BEGUN * 1000)
  await write('a', 3, segment)
  const [first = '', second = '', third = ''] = readFileSync(segment, 'utf8').trimEnd().split('\n')
  const { writer, seq, previous, hash: _, ...record } = JSON.parse(third)
  const older = chainLine(JSON.stringify({ ...record, at: 1 }), writer, { seq: seq - 1, hash: previous }).line
  writeFileSync(segment, `${[first, second, older].join('\n')}\n`)
  await write('b', 1, undefined)
  assert.deepEqual(closedSegments(path), [], 'it is dropped, as if it were old')
  const store = await open('last')
  t.after(() => store.close())
  const { problems } = await verifyStore(store, signer)
  assert.deepEqual(
    problems.map(({ found, seq }) => [found, seq]),
    [['changed', 3]],
  )
})

test('files are closed in their order, also when the clock was set back and in one millisecond', t => {
  const folder = scratchFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'log', 'audit.ndjson')
  const file = new ChainFile(path, 1)
  const clock = t.mock.method(Date, 'now', () => BEGUN)
  for (const text of ['a', 'b', 'c']) file.append(`${text}\n`)
  clock.mock.mockImplementation(() => BEGUN - 3_600_000)
  file.append('d\n')
  file.close()
  const files = [...closedSegments(path), path].map(name => readFileSync(name, 'utf8'))
  assert.deepEqual(files, ['a\n', 'b\n', 'c\n', 'd\n'])
})

test('a trail that is only read is read while it is written, and not one byte of it changes', async t => {
  const { path, database, signer, write } = await twoFiles(t)
  await write('a', 2, undefined)
  // As it is found while a process writes its next line.
  writeFileSync(path, '{"at":1,"ten', { flag: 'a' })
  const before = readFileSync(path)
  const sealer = createSealer(openMasterKey({ home: dirname(database), environment: {} }), 'scratch')
  const common = { path: database, nowSeconds: () => BEGUN, sealer, sealedKinds: ['session', 'grant'] }
  const reading = await openSqliteStore({ ...common, audit: { path } })
  const { problems, records, tornLines } = await verifyStore(reading, signer)
  assert.deepEqual([problems, records, tornLines], [[], 2, 1])
  const record = { at: 1, tenant: 'acme', actor: 'a', action: 'test.write', outcome: 'done' }
  await assert.rejects(reading.audit.append(record), { code: 'invalid_write' })
  await reading.close()
  assert.deepEqual(readFileSync(path), before)
  rmSync(path)
  const again = await openSqliteStore({ ...common, audit: { path } })
  t.after(() => again.close())
  assert.equal((await verifyStore(again, signer)).problems[0]?.found, 'cut', 'a file that is gone is a cut')
})
