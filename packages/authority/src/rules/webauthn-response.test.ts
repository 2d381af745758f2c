import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAssertion, readAttestation } from './webauthn-response.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const clientDataJSON = encode({ type: 'webauthn.get', challenge: 'Y2hhbGxlbmdl', origin: 'http://localhost' })
const assertion = {
  id: 'aWQ',
  type: 'public-key',
  response: { clientDataJSON, authenticatorData: 'YQ', signature: 'cw', userHandle: 'dXNlcl8x' },
}

test('an assertion is read with its challenge and user handle (WebAuthn L3 §5.1.9.2)', () => {
  const read = readAssertion(JSON.stringify(assertion))
  assert.equal(read?.challenge, 'Y2hhbGxlbmdl')
  assert.equal(read?.userHandle, 'user_1')
  assert.equal(read?.json.rawId, 'aWQ')
})

test('an attestation keeps known transports only (WebAuthn L3 §5.1.9.1)', () => {
  const sent = {
    id: 'aWQ',
    type: 'public-key',
    response: { clientDataJSON, attestationObject: 'YQ', transports: ['internal', 1, '<b>'] },
  }
  assert.deepEqual(readAttestation(JSON.stringify(sent))?.transports, ['internal'])
})

test('whatever has another shape is no answer of an authenticator, and nothing throws', () => {
  const wrong = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...assertion, type: 'x' }),
    JSON.stringify({ ...assertion, id: '<>' }),
    JSON.stringify({ ...assertion, response: { clientDataJSON: 'e30' } }),
    'x'.repeat(40_000),
  ]
  for (const sent of wrong) assert.equal(readAssertion(sent), undefined, sent.slice(0, 80))
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), fc.string()),
      sent => readAssertion(sent) === undefined && readAttestation(sent) === undefined,
    ),
  )
})
