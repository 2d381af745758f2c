import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeRecord } from '../testing/records.ts'
import { codeRedirectUri } from './code-redirect-uri.ts'

const code = codeRecord({ redirect_uri: 'https://shop.example/cb' })

test('S14 a token request may leave redirect_uri out (OAuth 2.1 §10.2)', () => {
  assert.equal(codeRedirectUri(code, undefined), undefined)
  assert.equal(codeRedirectUri(code, 'https://shop.example/cb'), undefined)
})

test('S14 a redirect_uri that is sent matches byte for byte (OAuth 2.1 §10.2)', () => {
  for (const other of [
    'https://shop.example/cb/',
    'https://shop.example/CB',
    'https://shop.example:443/cb',
    'https://shop.example/cb?x=1',
    'http://shop.example/cb',
  ])
    assert.equal(codeRedirectUri(code, other)?.error, 'invalid_grant', other)
})
