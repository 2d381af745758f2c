import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChallengeFacts, challenge } from './challenge.ts'
import { errorCodes, type GuardErrorCode } from './error-codes.ts'

const facts: ChallengeFacts = {
  resourceMetadata: 'https://api.test/.well-known/oauth-protected-resource',
  scope: 'read:orders',
  dpopAlgorithms: 'ES256 EdDSA',
  dpopOnly: false,
}
const codes = Object.keys(errorCodes) as GuardErrorCode[]

test('every 401 carries a challenge, and no 404 or 503 does (RFC 9110 §15.5.2)', () => {
  for (const refused of codes) {
    const header = challenge({ refused }, facts)
    const { status } = errorCodes[refused]
    if (status === 401) assert.match(header ?? '', /^(Bearer|DPoP) /)
    if (status === 404 || status === 503) assert.equal(header, undefined)
  }
})

test('S47 every challenge is printable ASCII whose quotes close (RFC 6750 §3)', () => {
  for (const refused of codes) {
    const header = challenge({ refused, acr_values: 'a "quoted" \u2019 value' }, facts)
    if (header !== undefined)
      assert.match(
        header,
        /^(?:(?:Bearer|DPoP) )?(?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, (?:DPoP |Bearer )?)?)+$/,
      )
  }
})

test('a step-up names the error, acr_values and max_age (RFC 9470 §3)', () => {
  const header = challenge({ refused: 'step_up_required', scheme: 'Bearer', acr_values: 'phr', max_age: 60 }, facts)
  assert.match(
    header ?? '',
    /^Bearer error="insufficient_user_authentication", error_description="[^"]+", scope="read:orders", acr_values="phr", max_age="60", resource_metadata="/,
  )
})

test('S44 a nonce is asked for with the scheme DPoP and its algorithms (RFC 9449 §9, §7.1)', () => {
  assert.match(
    challenge({ refused: 'use_dpop_nonce', scheme: 'DPoP' }, facts) ?? '',
    /^DPoP error="use_dpop_nonce".*algs="ES256 EdDSA"$/,
  )
})

test('S77 where only bound tokens will do, Bearer is not offered (RFC 9449 §7.1)', () => {
  assert.doesNotMatch(challenge({ refused: 'token_missing' }, { ...facts, dpopOnly: true }) ?? '', /Bearer/)
})
