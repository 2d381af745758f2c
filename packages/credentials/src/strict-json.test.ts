import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJsonObject } from './strict-json.ts'

const jsonObjects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }))

test('every JSON object is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(jsonObjects, fc.nat(3), (object, indent) => {
      const text = JSON.stringify(object, null, indent)
      assert.deepEqual(parseJsonObject(text), JSON.parse(text))
      assert.deepEqual(parseJsonObject(Buffer.from(text)), JSON.parse(text))
    }),
  )
})

test('a repeated name is refused at any depth and however it is escaped (RFC 7519 §4)', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":[{"b":[]},{"b":1,"c":{},"b":2}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"a:":":","a:":1}',
  ])
    assert.equal(parseJsonObject(text), undefined, text)
  for (const text of ['{"a":{"a":1},"b":"a:a\\":"}', '{"__proto__":{"x":1}}', '{"a":"\\\\","b":":"}'])
    assert.notEqual(parseJsonObject(text), undefined, text)
})

test('a repeated name is refused in whatever object it hides', () => {
  fc.assert(
    fc.property(jsonObjects, fc.string(), fc.jsonValue(), (object, name, value) => {
      const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
      const rest = JSON.stringify({ ...object, other: 1 }).slice(1)
      assert.equal(parseJsonObject(`{${member},${member},${rest}`), undefined)
    }),
  )
})

test('what is no object, no UTF-8, too deep or begins with a byte order mark is refused (RFC 8259 §8.1)', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '1',
    '"a"',
    '{',
    '{}{}',
    '\ufeff{}',
    `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
  ])
    assert.equal(parseJsonObject(text), undefined, text)
  assert.equal(parseJsonObject(Buffer.from('{"a":"\xff"}', 'latin1')), undefined)
  assert.equal(parseJsonObject(Buffer.from('\ufeff{}')), undefined)
  assert.equal(parseJsonObject('['.repeat(100_000)), undefined)
})

test('no bytes make the reader throw', () => {
  fc.assert(fc.property(fc.uint8Array(), bytes => void parseJsonObject(bytes)))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void parseJsonObject(text)))
})
