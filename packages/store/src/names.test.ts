import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyName, byCodePoint } from './contract/names.suite.ts'
import { NAME_BYTES_MAX, readName, spellName } from './names.ts'

test('a spelling is well-formed, holds no NUL, and gives its name back', () => {
  const check = (name: string) => {
    const spelling = spellName(name)
    assert.ok(spelling !== undefined)
    assert.ok(spelling.isWellFormed() && !spelling.includes('\0'))
    assert.equal(readName(spelling), name)
  }
  fc.assert(fc.property(anyName, check), { numRuns: 5000 })
})

test('spellings sort by their bytes as their names sort by code point, and no two names share one', () => {
  const check = (a: string, b: string) => {
    const order = Buffer.compare(Buffer.from(spellName(a) ?? ''), Buffer.from(spellName(b) ?? ''))
    assert.equal(order, Math.sign(byCodePoint(a, b)))
  }
  fc.assert(fc.property(anyName, anyName, check), { numRuns: 5000 })
})

test('an ordinary name is spelled as itself', () => {
  for (const name of ['alice', 'http://localhost:4100/orders', 'Zoë \u{1F511}', '\uFFFD', '\uFFFF']) {
    assert.equal(spellName(name), name)
  }
})

test('a name that is empty or over the limit has no spelling', () => {
  assert.equal(spellName(''), undefined)
  assert.equal(spellName('x'.repeat(NAME_BYTES_MAX))?.length, NAME_BYTES_MAX)
  assert.equal(spellName('x'.repeat(NAME_BYTES_MAX + 1)), undefined)
  assert.equal(spellName('é'.repeat(NAME_BYTES_MAX / 2 + 1)), undefined)
})
