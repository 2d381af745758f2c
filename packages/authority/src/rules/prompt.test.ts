import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePrompt } from './prompt.ts'

test('prompt is a list of known values, each once (OpenID Connect Core §3.1.2.1)', () => {
  assert.deepEqual(judgePrompt(undefined), { prompt: [] })
  assert.deepEqual(judgePrompt('login consent login'), { prompt: ['login', 'consent'] })
  assert.deepEqual(judgePrompt('select_account'), { prompt: ['select_account'] })
})

test('none with another value is an error, and so is an unknown value (OpenID Connect Core §3.1.2.1)', () => {
  for (const sent of ['none login', 'consent none', 'Login', 'create']) {
    const judged = judgePrompt(sent)
    assert.equal('error' in judged && judged.error, 'invalid_request', sent)
  }
})
