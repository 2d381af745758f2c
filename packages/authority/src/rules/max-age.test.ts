import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeMaxAge } from './max-age.ts'

test('max_age is a whole number of seconds, 0 included (OpenID Connect Core §3.1.2.1)', () => {
  assert.deepEqual(judgeMaxAge(undefined), {})
  assert.deepEqual(judgeMaxAge('0'), { max_age: 0 })
  assert.deepEqual(judgeMaxAge('300'), { max_age: 300 })
  for (const sent of ['-1', '1.5', '1e3', ' 1', 'abc', '0x10', '99999999999'])
    assert.equal('error' in judgeMaxAge(sent), true, sent)
})
