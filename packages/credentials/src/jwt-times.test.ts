import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTime, leewayOf, refuseTimes } from './jwt-times.ts'

const now = 1_800_000_000

test('a time is a finite number of seconds that a clock can show (RFC 7519 §2 NumericDate)', () => {
  for (const value of [0, now, now + 0.5]) assert.equal(isTime(value), true)
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, '1', null, undefined, {}])
    assert.equal(isTime(value), false, String(value))
})

test('S22 the leeway stays within 0 and 60 s, whatever is asked (FAPI 2.0 §5.3.2.1)', () => {
  assert.deepEqual(
    [undefined, 0, 5, 60, 61, -1, Number.NaN].map(asked => leewayOf(asked, 10)),
    [10, 0, 5, 60, 60, 0, 0],
  )
})

test('a token is in time exactly between nbf and iat less the leeway and exp plus the leeway (RFC 7519 §4.1)', () => {
  const offset = fc.integer({ min: -200, max: 200 })
  fc.assert(
    fc.property(offset, offset, offset, fc.integer({ min: 0, max: 60 }), (exp, nbf, iat, leewaySeconds) => {
      const refused = refuseTimes(
        { exp: now + exp, nbf: now + nbf, iat: now + iat },
        { nowSeconds: now, leewaySeconds },
      )
      assert.equal(refused === undefined, -exp < leewaySeconds && nbf <= leewaySeconds && iat <= leewaySeconds)
    }),
  )
})
