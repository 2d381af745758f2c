import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCompactJws, verifyJws } from './jws.ts'
import { batchedSign, signJwt, signJwtNow, signNow } from './sign.ts'
import { generateSigningKey, verifyKeyOf } from './signing-key.ts'

const key = generateSigningKey('EdDSA')

test('a batch is signed in one scheduled run, each job with its own signature', async () => {
  const runs: (() => void)[] = []
  const sign = batchedSign(run => runs.push(run))
  const inputs = ['one', 'two', 'three']
  const signatures = inputs.map(input => sign(key, input))
  assert.equal(runs.length, 1)
  runs[0]?.()
  assert.deepEqual(
    await Promise.all(signatures),
    inputs.map(input => signNow(key, input)),
  )
  const later = sign(key, 'four')
  assert.equal(runs.length, 2)
  runs[1]?.()
  assert.equal(await later, signNow(key, 'four'))
})

test('a job that cannot be signed fails alone', async () => {
  const sign = batchedSign(setImmediate)
  const broken = sign({ ...key, algorithm: 'ES256' }, 'one')
  const sound = sign(key, 'two')
  await assert.rejects(Promise.resolve(broken))
  assert.equal(await sound, signNow(key, 'two'))
})

test('the header says alg, kid and typ, and nothing replaces them (RFC 8725 §3.11)', async () => {
  const header = { alg: 'none', kid: 'other', typ: 'other', extra: 1 }
  const token = await signJwt({ typ: 'at+jwt', claims: {}, key, header }, signNow)
  assert.equal(token, signJwtNow({ typ: 'at+jwt', claims: {}, key, header }))
  const parsed = parseCompactJws(token)
  assert.ok(!('refused' in parsed))
  assert.deepEqual(parsed.header.members, { extra: 1, alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' })
  assert.equal(verifyJws(parsed, verifyKeyOf(key), ['EdDSA']), true)
})
