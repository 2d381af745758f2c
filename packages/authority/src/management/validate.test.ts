import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientMetadataSchema } from './client-metadata.ts'
import { validate } from './validate.ts'

const good = { client_name: 'Report', grant_types: ['client_credentials'] }

test('a body that fits its schema has nothing wrong with it', () => {
  assert.deepEqual(validate(clientMetadataSchema, good), [])
})

test('everything that is wrong is told at once, each with its place (RFC 6901), what was expected and what came', () => {
  const issues = validate(clientMetadataSchema, {
    client_name: '',
    grant_types: ['client_credential', 'client_credential'],
    redirectUris: [],
    disabled: 'no',
  })
  assert.deepEqual(
    issues.map(issue => [issue.pointer, issue.hint]),
    [
      ['/client_name', undefined],
      ['/grant_types', undefined],
      ['/grant_types/0', 'Did you mean client_credentials?'],
      ['/grant_types/1', 'Did you mean client_credentials?'],
      ['/redirectUris', 'There is no such member. Did you mean redirect_uris?'],
      ['/disabled', undefined],
    ],
  )
})

test('a missing member is named, and a body that is no object is one issue', () => {
  assert.deepEqual(
    validate(clientMetadataSchema, {}).map(issue => [issue.pointer, issue.got]),
    [
      ['/client_name', 'nothing'],
      ['/grant_types', 'nothing'],
    ],
  )
  for (const body of [null, [], 'x', 7]) assert.equal(validate(clientMetadataSchema, body).length, 1)
})

test('a long text that was put in the wrong place is not shown whole: it may be a secret', () => {
  const secret = 's'.repeat(60)
  const [issue] = validate(clientMetadataSchema, { ...good, consent: secret })
  assert.ok(issue !== undefined && !issue.got.includes(secret))
})

test('whatever is sent, validation answers and never throws, with at most twenty issues', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, maxDepth: 4 }), body => {
      assert.ok(validate(clientMetadataSchema, body).length <= 20)
    }),
    { numRuns: 2000 },
  )
})

test('members inherited by every object are unknown like any other', () => {
  const [issue] = validate(clientMetadataSchema, { ...good, constructor: 'x' })
  assert.equal(issue?.pointer, '/constructor')
})
