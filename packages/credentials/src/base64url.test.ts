import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

test('what was encoded is decoded again, and decoding is the only spelling (RFC 7515 §2)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const text = encodeBase64url(bytes)
      assert.deepEqual(new Uint8Array(decodeBase64url(text) ?? []), bytes)
      assert.equal(encodeBase64url(decodeBase64url(text) ?? 'another'), text)
    }),
  )
})

test('padding, plain base64, white space, stray bits and impossible lengths are refused (RFC 7515 §2, RFC 4648 §3.5)', () => {
  for (const text of ['Zg==', 'Zm8=', '+-8', '/_8', 'Zm 9v', 'Zm9v\n', 'Zh', 'Zm9', 'Z', 'é', 'Zm9v.', '\0'])
    assert.equal(decodeBase64url(text), undefined, text)
  for (const text of ['', 'Zg', 'Zm8', 'Zm9v', '-_8']) assert.notEqual(decodeBase64url(text), undefined, text)
})

test('no text makes the decoder throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void decodeBase64url(text)))
})
