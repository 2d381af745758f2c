import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalDigest, canonicalJson } from './canonical-json.ts'

test('members sort by UTF-16 code units, numbers and strings are ECMAScript’s (RFC 8785 §3.2.4)', () => {
  const sample = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, Number('0.000000000000000000000000001')],
    string: '\u20ac$\u000f\u000aA\'B"\\\\"/',
    literals: [null, true, false],
  }
  assert.equal(
    canonicalJson(sample),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
})

test('the sorting example of RFC 8785 §3.2.3', () => {
  const sample = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 }
  const order = [...canonicalJson(sample).matchAll(/:(\d)/g)].map(match => match[1])
  assert.deepEqual(order, ['2', '4', '6', '7', '1', '5', '3'])
})

test('any JSON value has one text, whatever the order of its members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }), value => {
      const text = canonicalJson(value)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      assert.equal(canonicalJson(JSON.parse(text)), text)
    }),
    { numRuns: 2000 },
  )
})

test('a digest is that of the text', () => {
  assert.equal(canonicalDigest({}), '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
  assert.equal(canonicalDigest({ b: 1, a: 2 }), canonicalDigest({ a: 2, b: 1 }))
})

test('undefined members are left out, and a date speaks for itself', () => {
  assert.equal(canonicalJson({ b: undefined, a: new Date(0) }), '{"a":"1970-01-01T00:00:00.000Z"}')
})

test('what JSON cannot say the same way to everyone is refused', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const refused = [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }, 1n, () => 1, undefined, [undefined]]
  for (const value of [...refused, cycle, { a: Symbol('a') }]) {
    assert.throws(() => canonicalJson(value), TypeError)
  }
})

test('a value over its limits is refused before it is built', () => {
  const limits = { maxLength: 100, maxDepth: 3 }
  assert.equal(canonicalJson([[['x']]], limits), '[[["x"]]]')
  assert.throws(() => canonicalJson([[[['x']]]], limits), /nested/)
  assert.throws(() => canonicalJson('x'.repeat(101), limits), /large/)
  assert.throws(() => canonicalJson(Array(200).fill(1), limits), /large/)
  assert.throws(() => canonicalJson(Object.fromEntries(Array(60).fill(1).entries()), limits), TypeError)
  assert.throws(() => canonicalJson({ ['x'.repeat(101)]: 1 }, limits), /large/)
})
