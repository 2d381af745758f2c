import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { returnTo } from './return-to.ts'

const origin = 'http://localhost:4200'

test('a path of our own is kept with its query and fragment', () => {
  assert.equal(returnTo('/orders/1?tab=items#top', origin), '/orders/1?tab=items#top')
})

test('whatever leads elsewhere goes to the front page (RFC 9700 §4.11)', () => {
  for (const asked of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    '/\t/evil.example',
    '/..//evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e%2e//evil.example',
    '/..\\/evil.example',
    'javascript:alert(1)',
    'orders',
    '',
    undefined,
  ]) {
    assert.equal(returnTo(asked, origin), '/', String(asked))
  }
})

test('no path of pieces that move it makes a browser leave our origin', () => {
  const piece = fc.constantFrom('/', '\\', '.', '..', '%2e', '%2f', 'a', '@', ':', '?', '#', '\t', 'evil.example')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
      assert.equal(new URL(returnTo(`/${pieces.join('')}`, origin), origin).origin, origin)
    }),
    { numRuns: 5000 },
  )
})

test('no input at all makes a browser leave our origin', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), asked => {
      assert.equal(new URL(returnTo(`/${asked}`, origin), origin).origin, origin)
    }),
    { numRuns: 2000 },
  )
})
