import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeResponseMode } from './response-mode.ts'

test('response_mode is query by default, or form_post; a fragment is readable to every script and refused (Form Post Response Mode §2)', () => {
  assert.deepEqual(judgeResponseMode(undefined), { response_mode: 'query' })
  assert.deepEqual(judgeResponseMode('query'), { response_mode: 'query' })
  assert.deepEqual(judgeResponseMode('form_post'), { response_mode: 'form_post' })
  for (const sent of ['fragment', 'web_message', 'jwt', 'QUERY'])
    assert.equal('error' in judgeResponseMode(sent), true, sent)
})
