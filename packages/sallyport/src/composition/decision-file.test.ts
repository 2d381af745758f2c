import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '@sallyport/server'
import { openDecisionFile, withDoorOne } from './decision-file.ts'

test('a refusal of door one is kept with its reason and without a token that stood in the path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'decisions-'))
  const path = join(folder, 'decisions.ndjson')
  const decisions = openDecisionFile(path)
  const log = withDoorOne(silentLog, 'gateway', decisions)
  log.info('refused', { code: 'route_unknown', got: '/sp_at_0123456789abcdef', path: '/eyJhbGciOi.eyJzdWIi.c2ln' })
  log.info('request', { status: 200 })
  decisions.close()
  const [line = '', ...rest] = readFileSync(path, 'utf8').trim().split('\n')
  rmSync(folder, { recursive: true })
  const { reason, outcome, part } = JSON.parse(line)
  assert.deepEqual([reason, outcome, part, rest], ['route_unknown', 'deny', 'gateway', []])
  assert.doesNotMatch(line, /0123456789abcdef|c2ln/)
})
