import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { ChainFile } from '../audit/chain-file.ts'
import { CHAIN_START, chainLine, parseLine, renderRecord, splitLines } from '../audit/record.ts'
import { verifyAuditTrail } from '../audit/verify.ts'
import { record } from '../contract/audit-record.ts'
import { StoreError } from '../store-error.ts'
import { AuditOutbox } from './audit-outbox.ts'
import { openForWriting } from './connection.ts'
import { embeddedLines } from './embedded-trail.ts'
import { prepared } from './operations.ts'
import { scratchFolder, trailPath } from './scratch-store.ts'

test('a commit after a full disk took a part of a group keeps its record: it has no number that is in the file already', async t => {
  const folder = scratchFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'scratch.db')
  const database = openForWriting(path)
  t.after(() => database.close())
  const run = prepared(database)
  const file = new ChainFile(trailPath(path))
  const outbox = new AuditOutbox(run, file, 'a')
  const commit = (target: string) => {
    run.begin.run()
    outbox.stage(renderRecord(record(target)))
    outbox.keep()
    run.commit.run()
    outbox.committed()
  }
  commit('before')
  outbox.drain()
  const full = t.mock.method(file, 'append', (text: string) => {
    if (text === '') return // a sync needs no room
    const [first = '', second = ''] = splitLines(text)
    appendFileSync(file.path, first + second.slice(0, 40))
    throw new StoreError('disk_full', 'The disk is full.', 'Free some space.')
  })
  assert.throws(() => outbox.append([renderRecord(record('first')), renderRecord(record('second'))]))
  commit('committed')
  full.mock.restore()
  commit('with room again')
  outbox.close()
  const targets: (string | undefined)[] = []
  for await (const line of embeddedLines(path, trailPath(path))) targets.push(parseLine(line)?.record.target)
  for (const target of ['before', 'committed', 'with room again'])
    assert.equal(targets.filter(each => each === target).length, 1, target)
  const { problems } = await verifyAuditTrail(embeddedLines(path, trailPath(path)))
  assert.deepEqual(problems, [])
})

test('who begins to write while another process is in the middle of a line waits for its end, and takes it for no torn one', async t => {
  const folder = scratchFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'scratch.db')
  const database = openForWriting(path)
  t.after(() => database.close())
  const file = new ChainFile(trailPath(path))
  const { line } = chainLine(renderRecord(record('of another')), 'other', CHAIN_START)
  appendFileSync(file.path, line.slice(0, 30))
  const rest = `${line.slice(30)}\n`
  const other = new Worker(
    'const { workerData, parentPort } = require("node:worker_threads");' +
      'parentPort.postMessage("begun");' +
      'setTimeout(() => require("node:fs").appendFileSync(workerData.path, workerData.rest), 40)',
    { eval: true, workerData: { path: file.path, rest } },
  )
  await once(other, 'message')
  const outbox = new AuditOutbox(prepared(database), file, 'a')
  outbox.append([renderRecord(record('own'))])
  outbox.close()
  await once(other, 'exit')
  const { problems, records } = await verifyAuditTrail(embeddedLines(path, trailPath(path)))
  assert.deepEqual([problems, records], [[], 2])
})
