import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeClaimsParameter } from './claims-parameter.ts'

test('claims names what the ID token and userinfo shall carry (OpenID Connect Core §5.5)', () => {
  const sent = JSON.stringify({
    userinfo: { given_name: { essential: true }, nickname: null },
    id_token: { auth_time: { essential: true } },
  })
  assert.deepEqual(judgeClaimsParameter(sent), {
    claims: { id_token: ['auth_time'], userinfo: ['given_name', 'nickname'] },
  })
})

test('sub with a value names the only subject the client takes (OpenID Connect Core §5.5.1)', () => {
  const judged = judgeClaimsParameter('{"id_token":{"sub":{"value":"user_1"}}}')
  assert.equal('subject' in judged && judged.subject, 'user_1')
})

test('acr is read with its values, essential or voluntary (OpenID Connect Core §5.5.1.1)', () => {
  const judge = (acr: unknown) => judgeClaimsParameter(JSON.stringify({ id_token: { acr } }))
  assert.deepEqual(
    'acr' in judge({ essential: true, values: ['a', 1] }) && judge({ essential: true, values: ['a', 1] }),
    { claims: { id_token: ['acr'] }, acr: { values: ['a'], essential: true } },
  )
  const voluntary = judge({ value: 'a' })
  assert.deepEqual('acr' in voluntary && voluntary.acr, { values: ['a'], essential: false })
  assert.equal('acr' in judge(null), false)
})

test('what is no object is refused, whatever it is, and nothing throws (OpenID Connect Core §5.5)', () => {
  for (const sent of ['', '[]', '1', '"x"', 'null', '{', '{"id_token":[]}', '{"userinfo":"x"}', '{"id_token":1}'])
    assert.equal('error' in judgeClaimsParameter(sent), true, sent)
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), sent => typeof judgeClaimsParameter(sent) === 'object'))
})
