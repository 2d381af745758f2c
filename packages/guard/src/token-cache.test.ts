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

test('a token is known by its SHA-256, the value RFC 9449 §4.2 calls ath', () => {
  assert.equal(tokenHash('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'), 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
})
