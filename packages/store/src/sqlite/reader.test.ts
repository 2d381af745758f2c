import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { openForWriting } from './connection.ts'
import { Reader } from './reader.ts'
import { SQL } from './statements.ts'

test('reads of one round of the event loop see one state of the file, and the next round sees what was committed meanwhile (docs/decisions/0029)', async t => {
  const { reader, write } = open(t)
  write('a', '1')
  assert.equal(read(reader, 'a'), '1')
  write('a', '2')
  assert.equal(read(reader, 'a'), '1')
  await new Promise(resolve => process.nextTick(resolve)) // what another callback of the round reads belongs to it
  assert.equal(read(reader, 'a'), '1')
  await nextRound()
  assert.equal(read(reader, 'a'), '2')
  reader.close()
})

test('whoever is told of a commit sees it at once, in the same round', t => {
  const { reader, write } = open(t)
  write('a', '1')
  assert.equal(read(reader, 'a'), '1')
  write('a', '2')
  reader.endSnapshot()
  assert.equal(read(reader, 'a'), '2')
  reader.close()
})

test('a round that reads in several promises takes one read transaction, and leaves none open', async t => {
  const { reader, checkpoint, write } = open(t)
  write('a', '1')
  await Promise.resolve().then(() => read(reader, 'a'))
  await nextRound()
  write('a', '2')
  assert.equal(checkpoint(), 0, 'no reader is left that a checkpoint would have to wait for')
  reader.close()
})

test('what is remembered, a row or that there is none, is forgotten with any commit, of whatever row', async t => {
  const { reader, write } = open(t)
  write('a', '1')
  for (const [key, value] of [
    ['a', '2'],
    ['b', '1'],
    ['c', '1'],
    ['a', '3'],
  ] as const) {
    const before = [read(reader, 'a'), read(reader, 'b'), read(reader, 'c')]
    await nextRound()
    assert.deepEqual([read(reader, 'a'), read(reader, 'b'), read(reader, 'c')], before)
    await nextRound()
    write(key, value)
    assert.equal(read(reader, key), value)
    await nextRound()
  }
  reader.close()
})

test('a remembered row is not shown once it has expired', t => {
  const { reader, write } = open(t)
  write('a', '1', 100)
  const at = (now: number) => reader.peek('tenant', 'kind', 'a', now)?.value
  assert.deepEqual([at(98), at(99), at(100), at(101)], ['1', '1', undefined, undefined])
  reader.close()
})

test('a reader that is closed in the round it read in leaves nothing behind', async t => {
  const { reader, checkpoint, write } = open(t)
  write('a', '1')
  read(reader, 'a')
  reader.close()
  assert.equal(checkpoint(), 0)
  await nextRound()
  assert.throws(() => read(reader, 'a'), { code: 'closed' })
})

function open(t: { after(run: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reader-'))
  const path = join(folder, 'store.sqlite')
  const writer = openForWriting(path)
  const reader = new Reader(path)
  t.after(() => {
    writer.close()
    rmSync(folder, { recursive: true })
  })
  const put = writer.prepare(SQL.put)
  return {
    reader,
    write: (key: string, value: string, expiresAt: number | null = null) =>
      put.run('tenant', 'kind', key, value, 1, expiresAt),
    /** 1 when somebody's read keeps the log from being begun anew (`PRAGMA wal_checkpoint`). */
    checkpoint: () => Number(writer.prepare('PRAGMA wal_checkpoint(RESTART)').get()?.busy),
  }
}

const read = (reader: Reader, key: string): string | undefined => reader.peek('tenant', 'kind', key, 0)?.value
