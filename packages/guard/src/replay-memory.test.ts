import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedReplayMemory } from './replay-memory.ts'

test('S41 of 50 claims of one proof exactly one wins (RFC 9449 §11.1)', () => {
  const memory = boundedReplayMemory(100, () => 1000)
  const claims = Array.from({ length: 50 }, () => memory.claim('a', 1060))
  assert.equal(claims.filter(claimed => claimed === 'won').length, 1)
  assert.equal(claims.filter(claimed => claimed === 'lost').length, 49)
})

test('a full memory refuses new proofs and forgets none that could be replayed', () => {
  let now = 1000
  const memory = boundedReplayMemory(2, () => now)
  assert.equal(memory.claim('a', 1060), 'won')
  assert.equal(memory.claim('b', 1061), 'won')
  assert.equal(memory.claim('c', 1062), 'full')
  assert.equal(memory.claim('a', 1060), 'lost')
  now = 1061
  assert.equal(memory.claim('c', 1121), 'won')
  assert.equal(memory.claim('b', 1061), 'lost')
})
