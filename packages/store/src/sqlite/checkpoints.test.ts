import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Checkpoints } from './checkpoints.ts'
import { openForReading, openForWriting } from './connection.ts'
import { openScratch } from './scratch-store.ts'
import { SQL } from './statements.ts'

const megabyte = 1024 * 1024

test('the log stays bounded when somebody reads at every moment, each only for a round (docs/decisions/0029)', async t => {
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

test('pages wait for a checkpoint in number as the disk takes them: many more when it is quick, a few when it is slow', async t => {
  const paced = await openPaced(t)
  const quick = [1, 2, 3, 4, 5].map(() => paced.pagesUntilPlaced({ eachTakesMs: 0.5 }))
  assert.deepEqual(quick, [128, 256, 512, 1024, 1024])
  const slow = [1, 2, 3, 4, 5, 6].map(() => paced.pagesUntilPlaced({ eachTakesMs: 9 }))
  assert.deepEqual(slow, [1024, 512, 256, 128, 64, 64])
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 64)
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 64, 'what is as wanted stays')
})

test('a checkpoint that a reader cut short says nothing of the disk, unless it took long', async t => {
  const paced = await openPaced(t)
  const reader = paced.openReader()
  begin(reader)
  paced.write(200)
  reader.exec(SQL.commit)
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 1, 'the whole is due with the next page')
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 128)
  begin(reader)
  paced.write(128, { eachTakesMs: 9 })
  reader.exec(SQL.commit)
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 1)
  assert.equal(paced.pagesUntilPlaced({ eachTakesMs: 1.5 }), 64)
})

/** Checkpoints of a database of which each write changes one page, by a clock of the test's. */
async function openPaced(t: { after(run: () => Promise<void>): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-checkpoints-'))
  const path = join(folder, 'store.sqlite')
  const database = openForWriting(path)
  database.exec(SQL.checkpoint) // of the schema
  const readers: DatabaseSync[] = []
  t.after(async () => {
    for (const reader of readers) reader.close()
    database.close()
    await rm(folder, { recursive: true })
  })
  let [nowMs, takesMs] = [0, 0]
  const checkpoints = new Checkpoints(database, () => (nowMs += takesMs))
  const change = database.prepare(SQL.drawVersions)
  const look = database.prepare(SQL.logLength)
  const write = (times: number, { eachTakesMs } = { eachTakesMs: 0.5 }) => {
    takesMs = eachTakesMs
    for (let n = 0; n < times; n += 1) {
      change.get(1)
      checkpoints.committed()
    }
  }
  return {
    write,
    /** How many pages were in the log alone when a checkpoint placed all of them. */
    pagesUntilPlaced({ eachTakesMs }: { eachTakesMs: number }): number {
      for (let pages = 1; pages < 10_000; pages += 1) {
        write(1, { eachTakesMs })
        const { log, checkpointed } = look.get() ?? {}
        if (log === checkpointed) return pages
      }
      throw new Error('no checkpoint placed all')
    },
    openReader(): DatabaseSync {
      const reader = openForReading(path)
      readers.push(reader)
      return reader
    },
  }
}

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
