import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeCsrf } from './csrf.ts'

const own = 'http://localhost:4200'
const ours = { origin: own, fetchSite: 'same-origin', csrf: '1' }

const refusedAs = (request: Parameters<typeof judgeCsrf>[0]): string => {
  const verdict = judgeCsrf(request, own)
  return verdict === 'ours' ? verdict : verdict.refused
}

test('S68 a call of our own page passes, also from a client that names no origin', () => {
  assert.equal(judgeCsrf(ours, own), 'ours')
  assert.equal(judgeCsrf({ origin: undefined, fetchSite: undefined, csrf: '1' }, own), 'ours')
})

test('S68 the custom header is required even where the origin is right', () => {
  assert.equal(refusedAs({ ...ours, csrf: undefined }), 'csrf_header_missing')
  assert.equal(refusedAs({ ...ours, csrf: '0' }), 'csrf_header_missing')
})

test('S68 another origin is refused even with the header, and so is another port of the same site', () => {
  assert.equal(refusedAs({ ...ours, origin: 'https://evil.example' }), 'cross_origin')
  assert.equal(refusedAs({ ...ours, origin: 'null' }), 'cross_origin')
  assert.equal(refusedAs({ ...ours, fetchSite: 'same-site' }), 'cross_origin')
  assert.equal(refusedAs({ ...ours, fetchSite: 'cross-site' }), 'cross_origin')
  assert.equal(refusedAs({ ...ours, origin: undefined, fetchSite: 'none' }), 'cross_origin')
})
