import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStrictJson } from './strict-json.ts'

const parse = (text: string) => parseStrictJson(Buffer.from(text))

test('any JSON value is read as JSON.parse reads it', () => {
  const value = fc.jsonValue({ stringUnit: 'grapheme' }).filter(each => !JSON.stringify(each).includes('__proto__'))
  fc.assert(fc.property(value, each => assert.deepEqual(parse(JSON.stringify(each)), JSON.parse(JSON.stringify(each)))))
})

test('a member named twice in one object is refused, however it is written (RFC 8259 §4)', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"b":{"c":1,"d":2,"c":3}}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{},"x" :1}]',
    '{"":1,"":2}',
  ]) {
    assert.throws(() => parse(text), /twice/, text)
  }
})

test('the same name in two objects, and in a value, is no repetition', () => {
  for (const text of [
    '[{"a":1},{"a":2}]',
    '{"a":{"a":1}}',
    '{"a":"a","b":"\\"a\\":","c":["a","a"]}',
    '{"x":"{","y":"}"}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text))
  }
})

test('what is no JSON, no UTF-8, starts with a byte order mark or names __proto__ is refused', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '{"a":1}}',
    'undefined',
    "{'a':1}",
    '\ufeff{}',
    '{"__proto__":{}}',
    '{"a":{"\\u005f_proto__":1}}',
  ]) {
    assert.throws(() => parse(text), SyntaxError, text)
  }
  assert.throws(() => parseStrictJson(new Uint8Array([0x22, 0xff, 0x22])), /UTF-8/)
})
