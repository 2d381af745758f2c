import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addSecret } from './client-secret.ts'

const now = 1_800_000_000
const secret = (hash: string, created_at: number, expires_at?: number) => ({
  hash,
  created_at,
  ...(expires_at === undefined ? {} : { expires_at }),
})

test('a new secret stands beside the present one, which ends after the given time', () => {
  assert.deepEqual(addSecret([secret('old', now - 10)], secret('new', now), 60, now), [
    secret('new', now),
    secret('old', now - 10, now + 60),
  ])
})

test('never more than two are live: of the present ones only the newest goes on', () => {
  const present = [secret('older', now - 20, now + 50), secret('old', now - 10)]
  assert.deepEqual(
    addSecret(present, secret('new', now), 60, now).map(each => each.hash),
    ['new', 'old'],
  )
})

test('a rest of nothing ends the present secret at once', () => {
  assert.deepEqual(addSecret([secret('old', now - 10)], secret('new', now), 0, now), [secret('new', now)])
})

test('a secret that was to end sooner is not prolonged, and one that ended does not come back', () => {
  const sooner = addSecret([secret('old', now - 10, now + 5)], secret('new', now), 60, now)
  assert.equal(sooner[1]?.expires_at, now + 5)
  assert.deepEqual(addSecret([secret('dead', now - 10, now - 1)], secret('new', now), 60, now), [secret('new', now)])
})
