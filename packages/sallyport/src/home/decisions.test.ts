import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decisionsOf, lastRequest } from './decisions.ts'

test('both doors are found under one request id, and lines that are no decision are passed over', t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-decisions-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'decisions.ndjson')
  assert.equal(lastRequest(path), undefined)
  const lines = [
    '{"cut',
    { at: 1, door: 2, request_id: 'a', outcome: 'allow' },
    { at: '2026-01-01T00:00:00Z', event: 'revocations_opened' },
    { at: 2, door: 2, request_id: 'b', outcome: 'deny', reason: 'not_yours', subject: { type: 'user', id: 'user_1' } },
    {
      at: '1970-01-01T00:00:03Z',
      event: 'refused',
      level: 'info',
      door: 2,
      code: 'not_found',
      status: 404,
      request_id: 'b',
    },
  ]
  writeFileSync(path, lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  assert.equal(lastRequest(path), 'b')
  assert.deepEqual(
    decisionsOf(path, 'b').map(({ door, outcome, reason, at }) => [door, outcome, reason, at]),
    [
      [2, 'deny', 'not_yours', 2],
      [2, 'deny', 'not_found', 3],
    ],
  )
  assert.deepEqual(decisionsOf(path, 'c'), [])
})
