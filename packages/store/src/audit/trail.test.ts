import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AuditRecord } from './record.ts'
import { openAuditTrail } from './trail.ts'
import { verifyAuditTrail } from './verify.ts'

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'log', 'audit.ndjson')
}

const nowSeconds = () => 1_800_000_000
const record = (n: number): AuditRecord => ({
  at: 1_800_000_000 + n,
  tenant: 'acme',
  actor: 'user_1',
  action: 'grant.revoke',
  target: `grant_${n}`,
  outcome: 'done',
  detail: { text: 'é\0\u{1F511}\n\ud800' },
})

function lines(path: string): Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

test('a record is one line of the file when append resolves, in a file of mode 0600', async t => {
  const path = scratch(t)
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  await trail.append(record(1))
  const [line] = lines(path)
  assert.deepEqual({ ...line, hash: '' }, { ...record(1), writer: 'a', seq: 1, previous: '', hash: '' })
  assert.deepEqual(trail.head(), { seq: 1, hash: line?.hash })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await trail.append(record(2))
  assert.equal(lines(path)[1]?.previous, line?.hash)
  await trail.close()
  await assert.rejects(trail.append(record(3)), { code: 'closed' })
})

test('many appends of one moment are all there in order, and each is on disk when it resolves', async t => {
  const path = scratch(t)
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  await Promise.all(
    Array.from({ length: 500 }, async (_, n) => {
      await trail.append(record(n))
      assert.ok(readFileSync(path, 'utf8').includes(`"grant_${n}"`))
    }),
  )
  assert.deepEqual(
    lines(path).map(({ target }) => target),
    Array.from({ length: 500 }, (_, n) => `grant_${n}`),
  )
  await trail.close()
  assert.deepEqual(await verifyAuditTrail(path), {
    intact: true,
    records: 500,
    problems: [],
    tornLines: 0,
    heads: { a: trail.head() },
  })
})

test('a record is written as it was when append was called', async t => {
  const path = scratch(t)
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  const changing = { ...record(1), reason: 'first' }
  const appended = trail.append(changing)
  changing.reason = 'second'
  await appended
  await trail.close()
  assert.equal(lines(path)[0]?.reason, 'first')
})

test('reopening continues the chain, also behind other writers of the same file', async t => {
  const path = scratch(t)
  for (let round = 0; round < 3; round += 1) {
    for (const writer of ['a', 'b']) {
      const trail = await openAuditTrail({ path, writer, nowSeconds })
      for (let n = 0; n < 200; n += 1) void trail.append(record(n))
      await trail.append(record(200))
      await trail.close()
      assert.equal(trail.head().seq, (round + 1) * 201)
    }
  }
  const verdict = await verifyAuditTrail(path)
  assert.deepEqual([verdict.intact, verdict.records, Object.keys(verdict.heads)], [true, 3 * 2 * 201, ['a', 'b']])
})

test('a line that a crash cut anywhere is closed and put on record, and the chain goes on', async t => {
  const path = scratch(t)
  const first = await openAuditTrail({ path, writer: 'a', nowSeconds })
  await first.append(record(1))
  const { size: whole } = statSync(path)
  await first.append(record(2))
  await first.close()
  const bytes = readFileSync(path)
  for (let cut = whole; cut < bytes.length; cut += 7) {
    truncateSync(path, 0)
    appendFileSync(path, bytes.subarray(0, cut))
    const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
    await trail.append(record(3))
    await trail.close()
    const verdict = await verifyAuditTrail(path)
    assert.deepEqual(verdict.problems, [], `cut at ${cut}`)
    assert.equal(verdict.tornLines, cut === whole ? 0 : 1)
    assert.deepEqual(verdict.heads, { a: trail.head() })
  }
  truncateSync(path, 0)
  appendFileSync(path, bytes.subarray(0, -1)) // all but the newline: the record is whole
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  await trail.append(record(3))
  await trail.close()
  assert.deepEqual(
    lines(path).map(({ seq }) => seq),
    [1, 2, 3],
  )
  assert.equal((await verifyAuditTrail(path)).intact, true)
})

test('a record that is too long rejects alone, and the others of its moment are written', async t => {
  const path = scratch(t)
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  const answers = await Promise.allSettled([
    trail.append(record(1)),
    trail.append({ ...record(2), reason: 'x'.repeat(70_000) }),
    trail.append(record(3)),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  await trail.close()
  assert.equal((await verifyAuditTrail(path)).records, 2)
})

test('when the disk takes no more append rejects; with room again it goes on, and the trail is intact', async t => {
  const path = scratch(t)
  const module = new URL('./trail.ts', import.meta.url).href
  const program = `import { openAuditTrail } from ${JSON.stringify(module)}
    import { statSync, writeFileSync } from 'node:fs'
    const path = ${JSON.stringify(path)}
    const trail = await openAuditTrail({ path, writer: 'a', nowSeconds: () => 1 })
    const record = { at: 1, tenant: 'acme', actor: 'a', action: 'test.fill', outcome: 'done', reason: 'x'.repeat(900) }
    let written = 0
    for (;; written += 1) {
      const error = await trail.append(record).then(() => undefined, error => error)
      if (error !== undefined) { console.log(error.code, error.hint); break }
    }
    console.log(written, await trail.append(record).catch(error => error.code))`
  const command = 'ulimit -f 20; exec "$0" --input-type=module -e "$1"'
  const child = spawn('/bin/sh', ['-c', command, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [refusal = '', count = ''] = (await text(child.stdout)).trim().split('\n')
  assert.match(refusal, /^disk_full Raise the limit \(ulimit -f\)/)
  const [written, again] = count.split(' ')
  assert.equal(again, 'disk_full')
  const trail = await openAuditTrail({ path, writer: 'a', nowSeconds })
  await trail.append(record(1))
  await trail.close()
  const verdict = await verifyAuditTrail(path)
  assert.equal(verdict.intact, true)
  assert.ok(verdict.records >= Number(written) + 1)
})

test('a trail whose file may not be written is one clear error', async t => {
  const path = join(scratch(t), '..')
  await (await openAuditTrail({ path: join(path, 'audit.ndjson'), writer: 'a', nowSeconds })).close()
  await assert.rejects(openAuditTrail({ path, writer: 'a', nowSeconds }), { name: 'StoreError', code: 'cannot_open' })
})

test('a process killed with SIGKILL loses no record that it acknowledged, three times', async t => {
  const path = scratch(t)
  const acknowledged: string[] = []
  for (let kill = 0; kill < 3; kill += 1) {
    const program = fileURLToPath(new URL('./acknowledging-process.ts', import.meta.url))
    const child = spawn(process.execPath, [program, path, `run${kill}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const before = acknowledged.length
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === before + 200) child.kill('SIGKILL')
    }
    assert.deepEqual(await exited, [null, 'SIGKILL'])
  }
  await (await openAuditTrail({ path, writer: 'a', nowSeconds })).close()
  const verdict = await verifyAuditTrail(path)
  assert.deepEqual(verdict.problems, [])
  const written = readFileSync(path, 'utf8')
  for (const target of acknowledged) assert.ok(written.includes(`"${target}"`), target)
})
