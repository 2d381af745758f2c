import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { prefersHtml } from './accept.ts'

test('browsers get a page, programs JSON (RFC 9110 §12.5.1)', () => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
  for (const accept of [browser, 'text/html', 'text/html, application/json;q=0.5'])
    assert.equal(prefersHtml(accept), true, accept)
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json, text/html;q=0.9',
    'text/html;q=0',
    'text/html;q=2',
    'application/problem+json, text/html',
    'text/*',
  ]) {
    assert.equal(prefersHtml(accept), false, String(accept))
  }
})

test('no header makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), accept => {
      assert.equal(typeof prefersHtml(accept), 'boolean')
    }),
  )
})
