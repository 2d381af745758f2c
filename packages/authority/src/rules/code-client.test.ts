import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientRecord, codeRecord } from '../testing/records.ts'
import { codeOfClient, unusableCodeHint } from './code-client.ts'

test('a code works for the client that asked for it and no other (OAuth 2.1 §4.1.3)', () => {
  const code = codeRecord({ client_id: 'app' })
  assert.equal(codeOfClient(code, clientRecord({ client_id: 'app' })), undefined)
  const refused = codeOfClient(code, clientRecord({ client_id: 'thief' }))
  assert.equal(refused?.error, 'invalid_grant')
  assert.equal(refused?.hint, unusableCodeHint, 'the answer is that of an unknown code')
})
