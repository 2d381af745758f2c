import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTraceparent, writeTraceparent } from './trace-context.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

test('a traceparent is read and written as it was (W3C Trace Context §3.2)', () => {
  for (const text of [`00-${trace}-${span}-01`, `00-${trace}-${span}-00`]) {
    const read = readTraceparent(text) ?? assert.fail('not read')
    assert.deepEqual(read, { traceId: trace, spanId: span, sampled: text.endsWith('1') })
    assert.equal(writeTraceparent(read), text)
  }
})

test('of flags only the sampled bit counts, and a later version is read as far as it is known (§3.2.2.5, §3.2.4)', () => {
  assert.equal(readTraceparent(`00-${trace}-${span}-fe`)?.sampled, false)
  assert.equal(readTraceparent(`00-${trace}-${span}-ff`)?.sampled, true)
  assert.equal(readTraceparent(`cc-${trace}-${span}-01-what-comes`)?.traceId, trace)
})

test('what is no traceparent counts as none (§3.2.2, §4.3)', () => {
  for (const text of [
    undefined,
    '',
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    ` 00-${trace}-${span}-01`,
    `cc-${trace}-${span}-01${'-x'.repeat(400)}`,
    [`00-${trace}-${span}-01`],
  ])
    assert.equal(readTraceparent(text), undefined, String(text))
})
