import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rateLimiter, rateLimitHeaders } from './rate-limit.ts'

test('the quota can be spent at once, then one more after each interval', () => {
  const limiter = rateLimiter({ requests: 4, seconds: 8 })
  const spent = [1, 2, 3, 4].map(() => limiter.take('a', 1000))
  assert.deepEqual(
    spent.map(state => [state.allowed, state.remaining]),
    [
      [true, 3],
      [true, 2],
      [true, 1],
      [true, 0],
    ],
  )
  const refused = limiter.take('a', 1000)
  assert.deepEqual(refused, { allowed: false, remaining: 0, resetSeconds: 8, retryAfterSeconds: 2 })
  assert.equal(limiter.take('a', 1001.9).allowed, false)
  assert.equal(limiter.take('a', 1002).allowed, true)
  assert.equal(limiter.take('b', 1002).remaining, 3)
})

test('looking spends nothing', () => {
  const limiter = rateLimiter({ requests: 1, seconds: 1 })
  for (let times = 0; times < 5; times += 1) assert.equal(limiter.look('a', 1).allowed, true)
  assert.equal(limiter.take('a', 1).allowed, true)
  assert.equal(limiter.look('a', 1).allowed, false)
})

test('what is given back can be spent again, and no more than that', () => {
  const limiter = rateLimiter({ requests: 1, seconds: 10 })
  limiter.giveBack('a')
  assert.equal(limiter.take('a', 1).allowed, true)
  assert.equal(limiter.take('a', 1).allowed, false)
  limiter.giveBack('a')
  assert.equal(limiter.take('a', 1).allowed, true)
  assert.equal(limiter.take('a', 1).allowed, false)
})

test('memory is bounded, and keys that are whole again are forgotten', () => {
  const limiter = rateLimiter({ requests: 10, seconds: 10 }, 100)
  for (let key = 0; key < 1000; key += 1) limiter.take(`k${key}`, 1000)
  assert.ok(limiter.size <= 100)
  for (let key = 0; key < 50; key += 1) limiter.take('only', 2000)
  assert.ok(limiter.size < 100)
})

test('whatever the times of the requests, no window of twice the length sees more than three quotas', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 300 }), times => {
      const limiter = rateLimiter({ requests: 5, seconds: 10 })
      const passed = times
        .toSorted((a, b) => a - b)
        .map(t => t / 100)
        .filter(now => limiter.take('a', now).allowed)
      for (const from of passed) assert.ok(passed.filter(now => now >= from && now < from + 20).length <= 15)
    }),
    { numRuns: 500 },
  )
})

test('headers say policy, rest and when to come back (RFC 6585 §4)', () => {
  const limiter = rateLimiter({ requests: 1, seconds: 60 })
  const first = limiter.take('a', 0)
  assert.deepEqual(rateLimitHeaders('client', limiter.policy, first), {
    'ratelimit-policy': '"client";q=1;w=60',
    ratelimit: '"client";r=0;t=60',
  })
  assert.equal(rateLimitHeaders('client', limiter.policy, limiter.take('a', 0))['retry-after'], '60')
})
