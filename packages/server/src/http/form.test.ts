import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Form, readForm, readQuery } from './form.ts'

const type = 'application/x-www-form-urlencoded'

function read(text: string): Form {
  const form = readForm(Buffer.from(text), type)
  if ('refused' in form) assert.fail(`refused: ${form.refused}`)
  return form
}

function reasonOf(result: ReturnType<typeof readForm>): string {
  return 'refused' in result ? result.refused : 'read'
}

test('whatever a standard serializer writes is read back, each name once (WHATWG URL §5.2)', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter(each => each.isWellFormed() && !each.includes('\0'))
  const entries = fc.uniqueArray(
    fc.tuple(
      text.filter(name => name !== ''),
      text,
    ),
    { selector: ([name]) => name, maxLength: 20 },
  )
  fc.assert(
    fc.property(entries, pairs => {
      const form = read(new URLSearchParams(pairs).toString())
      const sent = pairs.filter(([, value]) => value !== '')
      assert.deepEqual([...form.fields], sent)
      assert.deepEqual(form.repeated, [])
    }),
    { numRuns: 2000 },
  )
})

test('no bytes at all make it throw, and what it reads is well-formed text without NUL', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const form = readForm(bytes, type)
      if ('refused' in form) return
      for (const [name, value] of form.fields) {
        assert.ok(name.isWellFormed() && value.isWellFormed() && name !== '' && value !== '')
        assert.ok(!form.repeated.includes(name))
      }
    }),
    { numRuns: 5000 },
  )
})

test('S9 a repeated parameter is named and none of its values chosen; an empty one counts as left out (OAuth 2.1 §3.2)', () => {
  const form = read('a=1&b=2&a=3&c=&d&e=&e=5')
  assert.deepEqual([...form.fields], [['b', '2']])
  assert.deepEqual(form.repeated, ['a', 'e'])
  assert.deepEqual(form.values.get('a'), ['1', '3'])
})

test('the values of a parameter that may repeat are kept in order (RFC 8707 §2)', () => {
  const form = read('resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb')
  assert.deepEqual(form.values.get('resource'), ['https://a', 'https://b'])
})

test('names of JavaScript objects are plain names', () => {
  assert.equal(read('__proto__=x&constructor=y').fields.get('__proto__'), 'x')
})

test('plus is a space, %2B a plus, and a value may hold = signs', () => {
  assert.deepEqual(
    [...read('a=1+2%2B3&b=x=y==').fields],
    [
      ['a', '1 2+3'],
      ['b', 'x=y=='],
    ],
  )
})

test('malformed input is refused by its name, never repaired', () => {
  const cases: readonly (readonly [string | Uint8Array, string])[] = [
    ['a=%', 'malformed_form'],
    ['a=%zz', 'malformed_form'],
    ['a=%2', 'malformed_form'],
    ['a=%C3%28', 'malformed_form'],
    ['a=%C0%AF', 'malformed_form'],
    ['a=%ED%A0%80', 'malformed_form'],
    ['%FF=1', 'malformed_form'],
    ['a=%00', 'malformed_form'],
    ['=1', 'malformed_form'],
    [Uint8Array.of(0x61, 0x3d, 0xff), 'malformed_form'],
    ['x'.repeat(65_537), 'body_too_large'],
    ['a&'.repeat(201), 'too_many_fields'],
  ]
  for (const [body, reason] of cases)
    assert.equal(reasonOf(readForm(Buffer.from(body), type)), reason, String(body).slice(0, 20))
})

test('only the form media type is read, in UTF-8 (RFC 6749 appendix B)', () => {
  const body = Buffer.from('a=1')
  for (const right of [type, `${type}; charset=UTF-8`, `${type.toUpperCase()};charset="utf-8"`]) {
    assert.equal(reasonOf(readForm(body, right)), 'read', right)
  }
  for (const wrong of [undefined, '', 'application/json', `${type}; charset=latin1`, `x${type}`, `${type},${type}`]) {
    assert.equal(reasonOf(readForm(body, wrong)), 'body_type', String(wrong))
  }
})

test('a query string is read by the same rules', () => {
  const form = readQuery('a=1&a=2&b=%C3%A9')
  assert.ok('fields' in form)
  assert.deepEqual([[...form.fields], form.repeated], [[['b', 'é']], ['a']])
  assert.equal(reasonOf(readQuery('a=%E9')), 'malformed_form')
})
