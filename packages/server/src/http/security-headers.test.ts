import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headersWithout, isData, notForData, notForOpenData, securityHeaders } from './security-headers.ts'

test('data carries what keeps it from being sniffed, framed, embedded and stored, and nothing about windows (docs/decisions/0025)', () => {
  const names = headersWithout(securityHeaders('https://auth.example'), notForData).filter((_, at) => at % 2 === 0)
  assert.deepEqual(names, [
    'cache-control',
    'content-security-policy',
    'x-content-type-options',
    'cross-origin-resource-policy',
    'strict-transport-security',
  ])
})

test('an open document carries what keeps it from being sniffed, and nothing that keeps pages of other origins away', () => {
  const names = headersWithout(securityHeaders('https://auth.example'), notForOpenData).filter((_, at) => at % 2 === 0)
  assert.deepEqual(names, ['cache-control', 'x-content-type-options', 'strict-transport-security'])
})

test('JSON and JWTs are data; whatever a browser might show as a page, and what nobody knows, is not', () => {
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON ;charset=utf-8',
    'application/jwk-set+json',
    'application/token-introspection+jwt',
  ])
    assert.equal(isData(type), true, type)
  for (const type of [
    '',
    'text/html; charset=utf-8',
    'text/html+json',
    'image/svg+xml',
    'application/xhtml+xml',
    'application/json, text/html',
    'text/plain;application/json',
    'application/json;,text/html',
    'application/json; charset=utf-8, text/html',
    'application/x, text/html, b+json',
  ])
    assert.equal(isData(type), false, type)
  assert.equal(isData(undefined), false)
})
