import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { openForWriting } from './connection.ts'
import { Reader } from './reader.ts'
import { SQL } from './statements.ts'

test('reads of one turn see one state of the file, and the next turn sees what was committed meanwhile (docs/decisions/0023)', async t => {
  const { reader, write } = open(t)
  write('a', '1')
  assert.equal(read(reader, 'a'), '1')
  write('a', '2')
  assert.equal(read(reader, 'a'), '1')
  await Promise.resolve() // what is settled in a turn belongs to it
  assert.equal(read(reader, 'a'), '1')
  await nextRound()
  assert.equal(read(reader, 'a'), '2')
  reader.close()
})

test('a turn that reads in several promises takes one read transaction, and leaves none open', async t => {
  const { reader, checkpoint, write } = open(t)
  write('a', '1')
  await Promise.resolve().then(() => read(reader, 'a'))
  await nextRound()
  write('a', '2')
  assert.equal(checkpoint(), 0, 'no reader is left that a checkpoint would have to wait for')
  reader.close()
})

test('a reader that is closed in the turn it read in leaves nothing behind', async t => {
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
    write: (key: string, value: string) => put.run('tenant', 'kind', key, value, 1, null),
    /** 1 when somebody's read keeps the log from being begun anew (`PRAGMA wal_checkpoint`). */
    checkpoint: () => Number(writer.prepare('PRAGMA wal_checkpoint(RESTART)').get()?.busy),
  }
}

const read = (reader: Reader, key: string): string | undefined => reader.peek('tenant', 'kind', key, 0)?.value
