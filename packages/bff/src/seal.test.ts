import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { seal, unseal } from './seal.ts'

const key = randomBytes(32)

test('what was sealed opens with its key and purpose, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => unseal(seal(text, key, 'p', randomBytes), key, 'p') === text),
  )
})

test('another key, another purpose or one changed character opens nothing', () => {
  const sealed = seal('tokens', key, 'p', randomBytes)
  assert.equal(unseal(sealed, randomBytes(32), 'p'), undefined)
  assert.equal(unseal(sealed, key, 'q'), undefined)
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    assert.equal(unseal(changed, key, 'p'), undefined, `character ${at}`)
  }
})

test('no input makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 40 }), (text, any) => unseal(text, any, 'p') === undefined),
  )
})
