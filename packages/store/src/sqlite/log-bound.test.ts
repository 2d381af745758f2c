import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openForReading } from './connection.ts'
import { openScratch } from './scratch-store.ts'
import { SQL } from './statements.ts'

const megabyte = 1024 * 1024

test('the log stays bounded when somebody reads at every moment, each only for a turn (docs/decisions/0023)', async t => {
  const { write, logBytes, openReader } = await open(t)
  const readers = [openReader(), openReader()]
  let isWriting = true
  const read = async () => {
    for (let nth = 0; isWriting; nth += 1) {
      const [next, last] = [readers[nth % 2], readers[(nth + 1) % 2]]
      if (next !== undefined) begin(next)
      await wait(10)
      if (last?.isTransaction) last.exec(SQL.commit)
    }
  }
  const reading = read()
  let longest = 0
  for (let n = 0; n < 240; n += 1) {
    await write(n, megabyte / 2)
    longest = Math.max(longest, logBytes())
  }
  isWriting = false
  await reading
  assert.ok(longest > 32 * megabyte, 'without a bound the log would have been begun anew as well')
  assert.ok(longest < 40 * megabyte, `${longest} bytes`)
})

test('a log that a long read keeps goes on growing, and is bounded again once the read is over', async t => {
  const { write, logBytes, openReader } = await open(t)
  const backup = openReader()
  await write(0, 8 * megabyte)
  begin(backup)
  for (let n = 1; n <= 5; n += 1) await write(n, 8 * megabyte)
  assert.ok(logBytes() > 40 * megabyte)
  backup.exec(SQL.commit)
  for (let n = 6; n <= 20; n += 1) await write(n, 8 * megabyte)
  assert.ok(logBytes() < 76 * megabyte, `${logBytes()} bytes`)
})

async function open(t: { after(run: () => Promise<void>): void }) {
  const { store, path, dispose } = await openScratch(() => 1_800_000_000)
  const readers: DatabaseSync[] = []
  t.after(async () => {
    for (const reader of readers) reader.close()
    await dispose()
  })
  return {
    /** Each time another text: what stays the same is not written. */
    write: (n: number, length: number) =>
      store.of('acme').commit([{ put: { kind: 'k', key: 'one', value: String(n % 10).repeat(length) } }]),
    logBytes: () => statSync(`${path}-wal`).size,
    openReader(): DatabaseSync {
      const reader = openForReading(path)
      readers.push(reader)
      return reader
    },
  }
}

function begin(reader: DatabaseSync): void {
  reader.exec(SQL.beginReading)
  reader.prepare(SQL.tableNames).all()
}
