import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logRefusal } from './refusal-log.ts'

test('a refusal is logged without the query, and without a token in the path', () => {
  const lines: Readonly<Record<string, unknown>>[] = []
  const write = (_event: string, fields: Readonly<Record<string, unknown>> = {}) => void lines.push(fields)
  const log = { info: write, warn: write, error: write }
  const none = { authorization: undefined, dpop: undefined, form: undefined, certificate: undefined }
  const base = { method: 'GET', route: '/orders/:id', requestId: 'r1', ...none }
  for (const target of [
    '/orders/sp_at_0123456789abcdef',
    '/orders/eyJhbGciOi.eyJzdWIi.c2ln?access_token=x',
    '/orders/a-1?b=c',
  ]) {
    logRefusal(log, { refused: 'token_missing' }, { ...base, target })
  }
  assert.deepEqual(
    lines.map(({ path }) => path),
    ['/orders/…', '/orders/…', '/orders/a-1'],
  )
})
