import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson, readJson } from './json.ts'

const limits = { maxBytes: 10_000, maxDepth: 8 }

function outcome(text: string | Uint8Array): unknown {
  const result = readJson(Buffer.from(text), 'application/json', limits)
  return 'refused' in result ? result.refused : result.value
}

test('any JSON value within the limits is read as JSON.parse reads it (RFC 8259)', () => {
  const value = fc.jsonValue({ maxDepth: 5 }).filter(each => !JSON.stringify(each).includes('__proto__'))
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2, '\t'), (each, indent) => {
      const text = JSON.stringify(each, null, indent)
      fc.pre(text.length < limits.maxBytes)
      assert.deepEqual(outcome(text), JSON.parse(text))
    }),
    { numRuns: 2000 },
  )
})

test('no bytes at all make it throw', () => {
  const nearlyJson = fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ', '\\u', 'd800'), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        nearlyJson.map(parts => Buffer.from(parts.join(''))),
      ),
      bytes => {
        const result = parseJson(bytes, limits)
        assert.ok('value' in result || result.refused.length > 0)
      },
    ),
    { numRuns: 5000 },
  )
})

test('a member named twice is refused at every depth, however it is escaped (RFC 7493 §2.3)', () => {
  for (const text of ['{"a":1,"a":2}', '[{"b":{"c":1 , "c" : 2}}]', '{"a":1,"\\u0061":2}', '{"a":{"a":1},"a":2}']) {
    assert.equal(outcome(text), 'duplicate_member', text)
  }
  assert.deepEqual(outcome('{"a":{"a":"a:"},"b":["a","a"]}'), { a: { a: 'a:' }, b: ['a', 'a'] })
})

test('depth, size, lone surrogates, __proto__ and bytes that are not UTF-8 are refused by name', () => {
  assert.equal(outcome(`${'['.repeat(9)}${']'.repeat(9)}`), 'too_deep')
  assert.deepEqual(outcome(`${'['.repeat(8)}${']'.repeat(8)}`), [[[[[[[[]]]]]]]])
  assert.equal(outcome(JSON.stringify('x'.repeat(10_000))), 'body_too_large')
  assert.equal(outcome('"\\ud800"'), 'malformed_json')
  assert.equal(outcome('{"__proto__":{"admin":true}}'), 'forbidden_member')
  assert.equal(outcome('{"\\u005f_proto__":1}'), 'forbidden_member')
  assert.equal(outcome(Uint8Array.of(0x22, 0xff, 0x22)), 'malformed_json')
  for (const text of ['', '{', '{"a":1,}', "{'a':1}", '01', '\ufeff{}', 'NaN'])
    assert.equal(outcome(text), 'malformed_json', text)
})

test('only a JSON media type is read (RFC 8259 §11)', () => {
  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/jwk-set+json']) {
    assert.deepEqual(readJson(Buffer.from('1'), type), { value: 1 })
  }
  for (const type of [
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
  ]) {
    const result = readJson(Buffer.from('1'), type)
    assert.equal('refused' in result && result.refused, 'body_type', String(type))
  }
})
