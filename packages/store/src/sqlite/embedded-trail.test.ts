import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ChainFile } from '../audit/chain-file.ts'
import { Checkpoints } from '../audit/checkpoints.ts'
import { type AuditRecord, CHAIN_START, type ChainHead, parseLine } from '../audit/record.ts'
import { closedSegments, segmentName } from '../audit/segments.ts'
import { verifyAuditTrail } from '../audit/verify.ts'
import { verifyStore } from '../audit/verify-store.ts'
import { newSigner } from '../contract/checkpoint-signer.ts'
import { openMasterKey } from '../sealing/master-key.ts'
import { createSealer } from '../sealing/sealer.ts'
import { embeddedLines } from './embedded-trail.ts'
import { openAt, scratchFolder, trailPath } from './scratch-store.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** Where a scratch store's database and its trail's file are. */
function scratch(t: TestContext): { database: string; path: string } {
  const folder = scratchFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'scratch.db')
  return { database, path: trailPath(database) }
}

const now = () => 1_800_000_000
const record = (n: number): AuditRecord => ({
  at: 1_800_000_000 + n,
  tenant: 'acme',
  actor: 'user_1',
  action: 'grant.revoke',
  target: `grant_${n}`,
  outcome: 'done',
  detail: { text: 'é\0\u{1F511}\n\ud800' },
})

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split(/(?<=\n)/)
}

const numbers = (path: string) => lines(path).map(line => parseLine(line)?.record.seq)

/** A trail of ten records of one writer, by turns with and without a write, closed in good order. */
async function tenRecords(t: TestContext) {
  const { database, path } = scratch(t)
  const store = await openAt(database, now, 'a')
  for (let n = 1; n <= 10; n += 1) {
    const put = { put: { kind: 'k', key: `${n}`, value: n } }
    await store.of('acme').commit(n % 2 === 0 ? [put] : [], { audit: record(n) })
  }
  await store.close()
  return { database, path, all: lines(path) }
}

/** Puts lines back where they wait for the file, as a process that was killed before it wrote them leaves them. */
function leaveWaiting(database: string, blocks: readonly string[], settled: ChainHead): void {
  const opened = new DatabaseSync(database)
  opened.prepare('UPDATE audit_head SET seq = ?, hash = ?').run(settled.seq, settled.hash)
  for (const block of blocks) {
    const seq = parseLine(block.trimEnd().split('\n').at(-1) ?? '')?.record.seq ?? 0
    opened.prepare('INSERT INTO audit_outbox (writer, seq, lines) VALUES (?, ?, ?)').run('a', seq, block)
  }
  opened.close()
}

/** Opens and closes the store again, with a record between. */
async function goOn(database: string, writer = 'a'): Promise<void> {
  const store = await openAt(database, now, writer)
  await store.audit.append(record(11))
  await store.close()
}

const headOf = (line: string | undefined): ChainHead => parseLine(line ?? '')?.record ?? CHAIN_START

test('a record without a write is one line of the file when append resolves, in a file of mode 0600', async t => {
  const { database, path } = scratch(t)
  const store = await openAt(database, now, 'a')
  await store.audit.append(record(1))
  const [line] = lines(path).map(line => JSON.parse(line))
  assert.deepEqual({ ...line, hash: '' }, { ...record(1), writer: 'a', seq: 1, previous: '', hash: '' })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await store.audit.append(record(2))
  assert.equal(JSON.parse(lines(path)[1] ?? '').previous, line.hash)
  await store.close()
  await assert.rejects(store.audit.append(record(3)), { code: 'closed' })
})

test('a record with a write comes to the file within a second, and is in the trail at once', async t => {
  const { database, path } = scratch(t)
  const store = await openAt(database, now, 'a')
  t.after(() => store.close())
  await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }], { audit: record(1) })
  assert.equal((await verifyAuditTrail(store.audit.lines())).records, 1)
  const deadline = Date.now() + 1000
  while (numbers(path)[0] !== 1 && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10))
  assert.deepEqual(numbers(path), [1])
  assert.equal((await verifyAuditTrail(store.audit.lines())).records, 1)
})

test('a store that was opened without a trail refuses what brings a record, and writes nothing of it', async t => {
  const { database } = scratch(t)
  const sealer = createSealer(openMasterKey({ home: dirname(database), environment: {} }), 'scratch')
  const store = await openSqliteStore({ path: database, nowSeconds: now, sealer, sealedKinds: [] })
  t.after(() => store.close())
  const tenant = store.of('acme')
  const put = [{ put: { kind: 'k', key: 'k', value: 1 } }]
  await assert.rejects(tenant.commit(put, { audit: record(1) }), { code: 'invalid_write' })
  await assert.rejects(tenant.take('k', 'k', { put: [], audit: record(1) }), { code: 'invalid_write' })
  await assert.rejects(store.audit.append(record(1)), { code: 'invalid_write' })
  assert.equal(tenant.peek('k', 'k'), undefined)
  assert.deepEqual(await Array.fromAsync(store.audit.lines()), [])
})

test('reopening continues the chain, also behind other writers of the same file', async t => {
  const { database, path } = scratch(t)
  for (let round = 0; round < 3; round += 1) {
    for (const writer of ['a', 'b']) {
      const store = await openAt(database, now, writer)
      for (let n = 0; n < 200; n += 1) void store.audit.append(record(n))
      await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }], { audit: record(200) })
      await store.close()
      assert.equal(numbers(path).at(-1), (round + 1) * 201)
    }
  }
  const verdict = await verifyAuditTrail(embeddedLines(database, path))
  assert.deepEqual([verdict.intact, verdict.records, Object.keys(verdict.heads)], [true, 3 * 2 * 201, ['a', 'b']])
})

test('what waited for the file when the process was killed comes there, in its place, once', async t => {
  const { database, path, all } = await tenRecords(t)
  for (let filed = 0; filed <= 10; filed += 1) {
    for (let settled = 0; settled <= filed; settled += 5) {
      writeFileSync(path, all.slice(0, filed).join(''))
      const blocks = [all.slice(settled, 7).join(''), all.slice(Math.max(settled, 7)).join('')]
      leaveWaiting(
        database,
        blocks.filter(block => block !== ''),
        headOf(all[settled - 1]),
      )
      assert.equal((await verifyAuditTrail(embeddedLines(database, path))).records, 10, 'read before it is there')
      await goOn(database)
      assert.deepEqual(numbers(path), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], `${filed} in the file, ${settled} settled`)
      const { intact, tornLines } = await verifyAuditTrail(embeddedLines(database, path))
      assert.deepEqual([intact, tornLines], [true, 0])
    }
  }
})

test('a line that a crash cut anywhere is closed and put on record, and the chain goes on', async t => {
  const { database, path, all } = await tenRecords(t)
  const [whole, last] = [Buffer.from(all.slice(0, 9).join('')), Buffer.from(all[9] ?? '')]
  for (let cut = 0; cut < last.length; cut += 37) {
    writeFileSync(path, Buffer.concat([whole, last.subarray(0, cut)]))
    leaveWaiting(database, [], headOf(all[8]))
    await goOn(database)
    const verdict = await verifyAuditTrail(embeddedLines(database, path))
    assert.deepEqual([verdict.problems, verdict.tornLines], [[], cut === 0 ? 0 : 1], `cut at ${cut}`)
  }
})

test('a line that a crash cut anywhere is written whole when it waits for the file, behind what is left of it', async t => {
  const { database, path, all } = await tenRecords(t)
  const [whole, last] = [Buffer.from(all.slice(0, 9).join('')), Buffer.from(all[9] ?? '')]
  for (let cut = 0; cut < last.length; cut += 37) {
    writeFileSync(path, Buffer.concat([whole, last.subarray(0, cut)]))
    leaveWaiting(database, [all.slice(8).join('')], headOf(all[7]))
    await goOn(database)
    const verdict = await verifyAuditTrail(embeddedLines(database, path))
    assert.deepEqual([verdict.problems, verdict.tornLines], [[], cut === 0 ? 0 : 1], `cut at ${cut}`)
    assert.equal(lines(path).filter(line => line === all[9]).length, 1)
  }
})

test('a whole line without its newline is a record', async t => {
  const { database, path, all } = await tenRecords(t)
  writeFileSync(path, all.join('').slice(0, -1))
  await goOn(database)
  assert.deepEqual(numbers(path), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('a file that was cut before what was synced in it shows the gap for ever, and the chain goes on behind it', async t => {
  const { database, path, all } = await tenRecords(t)
  writeFileSync(path, all.slice(0, 6).join(''))
  await goOn(database)
  const { problems } = await verifyAuditTrail(embeddedLines(database, path))
  assert.deepEqual(problems, [{ found: 'missing', line: 7, writer: 'a', seq: 7 }])
})

test('files are closed when they are large, the chains go on in the next, and old ones are dropped behind a statement', async t => {
  const { database, path } = scratch(t)
  const clock = { seconds: now() }
  const signer = newSigner()
  const fill = async (from: number) => {
    const store = await openAt(database, () => clock.seconds, 'a')
    for (let n = from; n < from + 4; n += 1) await store.audit.append(record(n))
    await store.close()
  }
  for (let segment = 0; segment < 3; segment += 1) {
    await fill(segment * 4)
    // What `ChainFile` does with a file of 64 MiB.
    renameSync(path, segmentName(path, (clock.seconds + segment) * 1000))
  }
  await fill(12)
  const store = await openAt(database, () => clock.seconds, 'b')
  t.after(() => store.close())
  assert.deepEqual((await verifyStore(store, signer)).records, 16)
  const options = { store, signer, holder: 'b', nowSeconds: () => clock.seconds, keepSeconds: 86_400 }
  clock.seconds += 86_400 + 8 // what is older than a day by then: the first eight records
  const checkpoints = new Checkpoints({ ...options, onTrouble: assert.ifError })
  await checkpoints.stop()
  assert.equal(closedSegments(path).length, 1)
  const { intact, records, problems } = await verifyStore(store, signer)
  assert.deepEqual([intact, records, problems], [true, 8, []])
  assert.equal((await verifyAuditTrail(store.audit.lines())).problems[0]?.found, 'missing', 'without the statement')
  for (const segment of closedSegments(path)) rmSync(segment)
  assert.equal((await verifyStore(store, signer)).problems[0]?.found, 'missing', 'more than was stated')
})

test('a process goes on in the new file when another closed the old one, and a file is closed at its size', t => {
  const { path } = scratch(t)
  const [one, other] = [new ChainFile(path, 100), new ChainFile(path, 100)]
  const write = (file: ChainFile, text: string) => file.append(`${text.padEnd(70)}\n`)
  write(one, 'a')
  write(one, 'b')
  write(one, 'c')
  write(other, 'd')
  write(other, 'e')
  for (const file of [one, other]) file.close()
  const files = [...closedSegments(path), path].map(name => readFileSync(name, 'utf8').replaceAll(/\s/g, ''))
  assert.deepEqual(files, ['ab', 'cd', 'e'])
})

test('when the disk takes no more append rejects, and with room again the trail goes on and is intact', async t => {
  const { database, path } = scratch(t)
  const module = new URL('./scratch-store.ts', import.meta.url).href
  const program = `import { openAt } from ${JSON.stringify(module)}
    const store = await openAt(${JSON.stringify(database)}, () => 1, 'a')
    const record = { at: 1, tenant: 'acme', actor: 'a', action: 'test.fill', outcome: 'done', reason: 'x'.repeat(20000) }
    let written = 0
    for (;; written += 1) {
      const error = await store.audit.append(record).then(() => undefined, error => error)
      if (error !== undefined) { console.log(error.code, error.hint); break }
    }
    console.log(written, await store.audit.append(record).catch(error => error.code))
    process.exit()`
  const command = 'ulimit -f 2000; exec "$0" --input-type=module -e "$1"'
  const child = spawn('/bin/sh', ['-c', command, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [refusal = '', count = ''] = (await text(child.stdout)).trim().split('\n')
  assert.match(refusal, /^disk_full Raise the limit \(ulimit -f\)/)
  const [written, again] = count.split(' ')
  assert.equal(again, 'disk_full')
  await goOn(database)
  const verdict = await verifyAuditTrail(embeddedLines(database, path))
  assert.equal(verdict.intact, true)
  assert.ok(Number(written) > 10 && verdict.records > Number(written))
})

test('a trail whose file may not be written is one clear error', async t => {
  const { database, path } = scratch(t)
  mkdirSync(join(dirname(path), 'audit.ndjson'), { recursive: true })
  await assert.rejects(openAt(database, now, 'a'), { name: 'StoreError', code: 'cannot_open' })
})

test('a writer of a name that lines could not carry is refused', async t => {
  const { database } = scratch(t)
  await assert.rejects(openAt(database, now, 'a"b'), { name: 'StoreError', code: 'cannot_open' })
})

test('a process killed with SIGKILL loses no record that it acknowledged and keeps none whose write is lost, three times', async t => {
  const { database, path } = scratch(t)
  const acknowledged: string[] = []
  for (let kill = 0; kill < 3; kill += 1) {
    const program = fileURLToPath(new URL('./acknowledging-records.ts', import.meta.url))
    const child = spawn(process.execPath, [program, database, `run${kill}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const before = acknowledged.length
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === before + 400) child.kill('SIGKILL')
    }
    assert.deepEqual(await exited, [null, 'SIGKILL'])
  }
  const found = await Array.fromAsync(embeddedLines(database, path), line => parseLine(line)?.record.target)
  const recorded = new Set(found)
  for (const target of acknowledged) assert.ok(recorded.has(target), target)
  assert.equal(found.filter(target => target !== undefined).length, recorded.size, 'none twice')
  assert.deepEqual((await verifyAuditTrail(embeddedLines(database, path))).problems, [])
  const store = await openAt(database, now, 'killed')
  const { records } = await store.of('acme').list('written', { limit: 10_000 })
  await store.close()
  const written = found.filter(target => target?.includes('with'))
  assert.deepEqual(
    records.map(({ key }) => key),
    written.toSorted(),
  )
  assert.deepEqual((await verifyAuditTrail(embeddedLines(database, path))).problems, [])
})
