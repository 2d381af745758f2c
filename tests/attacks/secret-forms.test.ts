import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Marked } from './secret-forms.ts'

test('a secret is found raw, percent-encoded, in hexadecimal, and in base64 at every place', () => {
  const secret = 'pass wörd/with?odd&characters+1234'
  const marked = new Marked()
  marked.keep('secret', secret)
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('hex').toUpperCase(),
    ...['', 'a', 'ab', 'abc', 'client:'].flatMap(before =>
      ['', 'z', 'zz'].flatMap(after => [
        Buffer.from(before + secret + after).toString('base64'),
        Buffer.from(before + secret + after).toString('base64url'),
      ]),
    ),
  ]
  for (const form of forms) assert.equal(marked.find(`{"line":"${form}"}`, 'a log').length, 1, form)
  assert.deepEqual(marked.find('pass word and nothing else', 'a log'), [])
})
