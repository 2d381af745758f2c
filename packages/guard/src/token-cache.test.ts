import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '@sallyport/credentials'
import { tokenCache, tokenHash } from './token-cache.ts'

const caller: Caller = {
  subject: 'user_alice',
  subjectType: 'user',
  clientId: 'shop',
  issuer: 'https://issuer.test',
  audience: [],
  scopes: new Set(),
  roles: [],
  tokenId: 't',
  family: undefined,
  issuedAt: 0,
  expiresAt: 10,
  authTime: undefined,
  acr: undefined,
  amr: [],
  sender: { kind: 'bearer' },
  claims: {},
}

test('the cache stays within its bound and lets the oldest go', () => {
  const cache = tokenCache(2)
  for (const hash of ['a', 'b', 'c']) cache.put({ caller, tokenHash: hash, until: 10 })
  assert.equal(cache.size, 2)
  assert.equal(cache.get('a'), undefined)
  assert.equal(cache.get('c')?.tokenHash, 'c')
  cache.drop('c')
  assert.equal(cache.get('c'), undefined)
})

test('the oldest goes first however many came, were dropped and came again', () => {
  const cache = tokenCache(3)
  const put = (hash: string) => cache.put({ caller, tokenHash: hash, until: 10 })
  for (let n = 0; n < 100; n += 1) put(`t${n}`)
  cache.drop('t98')
  put('t98')
  put('u1')
  put('u2')
  const left = ['t97', 't99', 't98', 'u1', 'u2'].filter(hash => cache.get(hash) !== undefined)
  assert.deepEqual(left, ['t98', 'u1', 'u2'])
  for (const hash of left) cache.drop(hash)
  for (const hash of ['v1', 'v2', 'v3', 'v4']) put(hash)
  assert.equal(cache.size, 3)
  assert.equal(cache.get('v1'), undefined)
})

test('a token is known by its SHA-256, the value RFC 9449 §4.2 calls ath', () => {
  assert.equal(tokenHash('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'), 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
})

test('a token that falls into the place of another is known, and the other is judged anew', () => {
  const cache = tokenCache(3)
  const [first, second] = ofOnePlace()
  cache.put({ caller, tokenHash: first, until: 10 })
  assert.equal(cache.get(second), undefined, 'a token is never taken for its neighbour')
  cache.drop(second)
  assert.equal(cache.get(first)?.tokenHash, first)
  cache.put({ caller, tokenHash: second, until: 10 })
  assert.equal(cache.get(second)?.tokenHash, second)
  assert.equal(cache.get(first), undefined)
  assert.equal(cache.size, 1)
})

/** Two hashes that differ after what a place is made of. */
function ofOnePlace(): readonly [string, string] {
  const hash = tokenHash('one')
  const last = hash.endsWith('A') ? 'B' : 'A'
  return [hash, hash.slice(0, -1) + last]
}
