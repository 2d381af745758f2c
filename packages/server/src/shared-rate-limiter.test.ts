import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type SharedQuota, sharedRateLimiter } from './shared-rate-limiter.ts'

const policy = { requests: 10, seconds: 100 }
const now = 1000

/** Counts for all, as Redis does, without time going by. */
function memory(whenLost: 'open' | 'closed') {
  const spent = new Map<string, number>()
  const state = { isAway: false }
  const shared: SharedQuota = {
    whenLost,
    async share(key, uses) {
      if (state.isAway) throw new Error('away')
      spent.set(key, Math.max(0, (spent.get(key) ?? 0) + uses))
      return (spent.get(key) ?? 0) * 10
    },
  }
  return { shared, state, spent }
}

test('what one process spent the other refuses, a tenth of a second later', async () => {
  const { shared } = memory('open')
  const [here, there] = [sharedRateLimiter(policy, shared), sharedRateLimiter(policy, shared)]
  for (let times = 0; times < 10; times += 1) assert.ok(here.take('a', now).allowed)
  assert.ok(!here.take('a', now).allowed)
  await wait(150)
  assert.ok(there.take('a', now).allowed, 'it has not heard of the key')
  await wait(150)
  assert.ok(!there.take('a', now).allowed)
  assert.ok(there.take('b', now).allowed)
})

test('what is given back counts for nobody', async () => {
  const { shared, spent } = memory('open')
  const limiter = sharedRateLimiter(policy, shared)
  limiter.take('a', now)
  limiter.giveBack('a')
  limiter.take('a', now)
  await wait(150)
  assert.equal(spent.get('a'), 1)
})

test('while the memory is away a closed limiter lets nobody through and an open one judges alone; it finds out by itself', async () => {
  for (const whenLost of ['open', 'closed'] as const) {
    const { shared, state } = memory(whenLost)
    const limiter = sharedRateLimiter(policy, shared)
    state.isAway = true
    assert.ok(limiter.take('a', now).allowed)
    await wait(150)
    assert.equal(limiter.look('a', now).allowed, whenLost === 'open')
    assert.equal(limiter.take('a', now).allowed, whenLost === 'open')
    state.isAway = false
    limiter.take('a', now)
    await wait(250)
    assert.ok(limiter.take('a', now).allowed)
  }
})

test('while the memory hangs, what waits to be told is bounded: the keys longest waiting are known here alone', async () => {
  const told: string[] = []
  let answer: (() => void) | undefined
  const hanging: SharedQuota = {
    whenLost: 'open',
    share: key => {
      told.push(key)
      return new Promise(resolve => {
        answer = () => resolve(0)
      })
    },
  }
  const limiter = sharedRateLimiter(policy, hanging, 3)
  limiter.take('first', now)
  await wait(150)
  for (const key of ['a', 'b', 'c', 'd', 'e']) limiter.take(key, now)
  answer?.()
  await wait(150)
  assert.deepEqual(told, ['first', 'c', 'd', 'e'])
})
