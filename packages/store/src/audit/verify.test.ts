import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHAIN_START, type ChainHead, chainLine } from './record.ts'
import { verifyAuditTrail } from './verify.ts'

/** A trail of two writers, ten records each, in turns. */
async function trailOfTwo() {
  const heads: Record<string, ChainHead> = { a: CHAIN_START, b: CHAIN_START }
  const lines = Array.from({ length: 20 }, (_, n) => {
    const writer = n % 2 === 0 ? 'a' : 'b'
    const record = { at: n, tenant: 'acme', actor: 'user_1', action: 'grant.add', target: `t${n}`, outcome: 'done' }
    const chained = chainLine(JSON.stringify(record), writer, heads[writer] ?? CHAIN_START)
    heads[writer] = chained.head
    return chained.line
  })
  const verify = (changed: readonly string[], checkpoint?: Record<string, ChainHead>) =>
    verifyAuditTrail(asLines(changed), checkpoint && [{ heads: checkpoint, beginnings: {} }])
  return { lines, verify, heads }
}

async function* asLines(lines: readonly string[]) {
  for (const line of lines) yield Buffer.from(`${line}\n`)
}

test('an untouched trail is intact, with and without its checkpoint', async () => {
  const { lines, verify, heads } = await trailOfTwo()
  const intact = { intact: true, records: 20, problems: [], tornLines: 0, heads }
  assert.deepEqual(await verify(lines), intact)
  assert.deepEqual(await verify(lines, heads), intact)
  assert.deepEqual([heads.a?.seq, heads.b?.seq], [10, 10])
})

test('each record that is changed in any one character is found', async () => {
  const { lines, verify } = await trailOfTwo()
  for (const [at, line] of lines.entries()) {
    for (let place = at; place < line.length; place += 13) {
      const character = line[place] === 'x' ? 'y' : 'x'
      const { intact, problems } = await verify(
        lines.with(at, line.slice(0, place) + character + line.slice(place + 1)),
      )
      assert.equal(intact, false, `line ${at + 1}, character ${place}`)
      assert.equal(problems[0]?.line, at + 1)
    }
  }
})

test('a changed record whose own hash was made to fit is found by the next one, and by a checkpoint', async () => {
  const { lines, verify, heads } = await trailOfTwo()
  const forge = (line: string) => {
    const { writer, seq, previous, hash: _, ...record } = JSON.parse(line)
    return chainLine(JSON.stringify({ ...record, outcome: 'refused' }), writer, { seq: seq - 1, hash: previous }).line
  }
  const middle = await verify(lines.with(4, forge(lines[4] ?? '')))
  assert.deepEqual(middle.problems, [{ found: 'changed', line: 7, writer: 'a', seq: 3 }])
  const last = lines.with(19, forge(lines[19] ?? ''))
  assert.deepEqual((await verify(last)).problems, [])
  assert.deepEqual((await verify(last, heads)).problems, [{ found: 'changed', line: 20, writer: 'b', seq: 10 }])
})

test('each record that is missing is found, and only it', async () => {
  const { lines, verify, heads } = await trailOfTwo()
  for (let at = 0; at < 18; at += 1) {
    const { problems } = await verify(lines.toSpliced(at, 1))
    const writer = at % 2 === 0 ? 'a' : 'b'
    assert.deepEqual(problems, [{ found: 'missing', line: at + 2, writer, seq: Math.floor(at / 2) + 1 }])
  }
  const gone = await verify(
    lines.filter((_, at) => at % 2 === 0),
    heads,
  )
  assert.deepEqual(gone.problems, [{ found: 'cut', line: 11, writer: 'b', seq: 1 }])
})

test('a trail that was cut is intact by itself, and found cut with a checkpoint', async () => {
  const { lines, verify, heads } = await trailOfTwo()
  for (let left = 0; left < 20; left += 1) {
    assert.equal((await verify(lines.slice(0, left))).intact, true)
    const { problems } = await verify(lines.slice(0, left), heads)
    const expected = [
      { found: 'cut', line: left + 1, writer: 'a', seq: Math.ceil(left / 2) + 1 },
      { found: 'cut', line: left + 1, writer: 'b', seq: Math.floor(left / 2) + 1 },
    ]
    assert.deepEqual(
      problems,
      expected.filter(({ seq }) => seq <= 10),
    )
  }
})

test('a trail that was rewritten from the start with good hashes is found with a checkpoint', async () => {
  const { verify, heads } = await trailOfTwo()
  let head = CHAIN_START
  const rewritten = Array.from({ length: 10 }, (_, n) => {
    const chained = chainLine(JSON.stringify({ at: n, actor: 'nobody' }), 'a', head)
    head = chained.head
    return chained.line
  })
  assert.equal((await verify(rewritten)).intact, true)
  const { problems } = await verify(rewritten, { a: heads.a ?? CHAIN_START })
  assert.deepEqual(problems, [{ found: 'changed', line: 10, writer: 'a', seq: 10 }])
})

test('records in another order, twice, or of two processes under one name are found', async () => {
  const { lines, verify } = await trailOfTwo()
  const [first = '', second = '', third = ''] = lines
  assert.equal((await verify([third, second, first, ...lines.slice(3)])).intact, false)
  const twice = await verify(lines.toSpliced(1, 0, first))
  assert.deepEqual(twice.problems, [{ found: 'repeated', line: 2, writer: 'a', seq: 1 }])
})

test('a line that is no record is found, unless the next record names it as torn', async () => {
  const { lines, verify } = await trailOfTwo()
  const { problems } = await verify(lines.toSpliced(5, 0, '{"at":1,"tenant"'))
  assert.deepEqual(problems, [{ found: 'changed', line: 6, writer: undefined, seq: undefined }])
  assert.equal((await verify([...lines, 'null'])).intact, false)
})
