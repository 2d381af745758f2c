import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { redact } from './redact.ts'

const jws = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl'

test('members named like a credential lose their value, at every depth and in every spelling', () => {
  const clean = redact({
    Authorization: 'Bearer x',
    headers: [{ 'set-cookie': 'a=b' }],
    body: { client_secret: 's', clientSecret: 's', codeVerifier: 'v' },
    status: 200,
  })
  assert.deepEqual(clean, {
    Authorization: '[removed]',
    headers: [{ 'set-cookie': '[removed]' }],
    body: { client_secret: '[removed]', clientSecret: '[removed]', codeVerifier: '[removed]' },
    status: 200,
  })
})

test('a token is removed wherever it stands in a text, an error or a list', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(jws, 'sp_at_0123456789abcdefXYZ', 'sp_rt_0123456789abcdefXYZ'),
      fc.string(),
      (before, token, after) => {
        const clean = JSON.stringify(
          redact({ note: `${before} ${token} ${after}`, cause: new Error(token), list: [token] }),
        )
        assert.ok(!clean.includes(token))
      },
    ),
  )
})

test('bytes, cycles and deep values end', () => {
  const loop: Record<string, unknown> = {}
  loop.self = loop
  assert.ok(JSON.stringify(redact({ loop, bytes: Buffer.from('secret') })).includes('[6 bytes]'))
})
