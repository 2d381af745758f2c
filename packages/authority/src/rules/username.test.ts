import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeUsername } from './username.ts'

test('usernames are compared without case and in one Unicode form (RFC 8265 §3.3)', () => {
  assert.deepEqual(judgeUsername(' Alice '), { username: 'alice' })
  assert.deepEqual(judgeUsername('ﬁnn'), { username: 'finn' })
  assert.deepEqual(judgeUsername('ren\u0065\u0301'), judgeUsername('REN\u00c9'))
  assert.deepEqual(judgeUsername('a.b_c+d@e-f'), { username: 'a.b_c+d@e-f' })
})

test('white space, markup, control characters and what is too long are refused', () => {
  for (const sent of ['', ' ', 'a b', '<b>', 'a\u0000', 'a\u200b', 'a'.repeat(65), 'a/b', 'a"'])
    assert.equal('refused' in judgeUsername(sent), true, JSON.stringify(sent))
})
