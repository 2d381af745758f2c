import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signingAlgorithms } from '../algorithms.ts'
import { importPublicJwk, type VerifyKey } from '../jwk.ts'
import { parseCompactJws, verifyJws } from '../jws.ts'
import { selectKey } from '../key-source.ts'
import { readVectors } from './vector-folder.ts'

interface KeyMembers {
  readonly alg?: string
  readonly keys?: readonly KeyMembers[]
}
interface JwsCase {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly jws?: string | object
}
interface JwsGroup {
  readonly comment: string
  readonly private: KeyMembers
  readonly public?: KeyMembers
  readonly tests: readonly JwsCase[]
}
interface JwsFile {
  readonly numberOfTests: number
  readonly testGroups: readonly JwsGroup[]
}

/** Right JWSs that Sallyport refuses on purpose, by the `alg` in their header. */
const refusedAlgorithms: Readonly<Record<string, string>> = {
  HS256: 'HMAC cannot be expressed: a verifier could sign (DESIGN §1 row 2)',
  HS384: 'HMAC cannot be expressed',
  HS512: 'HMAC cannot be expressed',
  RS384: 'not of the allow-list',
  RS512: 'not of the allow-list',
  PS384: 'not of the allow-list',
  PS512: 'not of the allow-list',
  ES512: 'not of the allow-list',
}

/** The public half is asked where the vector has one; a symmetric key has none, and its JWK is refused as it stands. */
function usableKeys(group: JwsGroup): readonly VerifyKey[] {
  const given = group.public ?? group.private
  return (given.keys ?? [given]).map(importPublicJwk).filter((key): key is VerifyKey => !('refused' in key))
}

function accepts(group: JwsGroup, jws: unknown): boolean {
  if (typeof jws !== 'string') return false
  const parsed = parseCompactJws(jws)
  if ('refused' in parsed) return false
  const key = selectKey(usableKeys(group), parsed.header.kid, parsed.header.alg)
  return key !== undefined && verifyJws(parsed, key, signingAlgorithms)
}

function algorithmOf(jws: unknown): string {
  const header = typeof jws === 'string' ? JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) : {}
  return String(header.alg)
}

function judge(file: JwsFile) {
  const wrong: string[] = []
  let judged = 0
  let accepted = 0
  let refusedOnPurpose = 0
  for (const group of file.testGroups) {
    for (const { tcId, comment, result, jws } of group.tests) {
      judged += 1
      if (jws === undefined) continue
      const verdict = accepts(group, jws)
      if (verdict) accepted += 1
      if (verdict === (result === 'valid')) continue
      if (!verdict && refusedAlgorithms[algorithmOf(jws)] !== undefined) refusedOnPurpose += 1
      else wrong.push(`${tcId} ${group.comment} ${comment}: ${result}, but we say ${verdict}`)
    }
  }
  return { wrong, judged, accepted, refusedOnPurpose, counted: file.numberOfTests }
}

test('every JWS of Wycheproof’s JSON Web Signature set gets the right verdict (RFC 7515)', () => {
  const { wrong, judged, accepted, refusedOnPurpose, counted } = judge(
    readVectors('wycheproof/json_web_signature_test.json'),
  )
  assert.deepEqual(wrong, [])
  assert.equal(judged, counted)
  assert.deepEqual({ judged, accepted, refusedOnPurpose }, { judged: 401, accepted: 16, refusedOnPurpose: 30 })
})

test('every key of Wycheproof’s JSON Web Key set gets the right verdict (RFC 7517)', () => {
  const { wrong, judged, accepted, refusedOnPurpose } = judge(readVectors('wycheproof/json_web_key_test.json'))
  assert.deepEqual(wrong, [])
  assert.deepEqual({ judged, accepted, refusedOnPurpose }, { judged: 26, accepted: 1, refusedOnPurpose: 4 })
})

test('every JWS of Wycheproof’s JSON Web Crypto set gets the right verdict; its JWEs are not for a verifier of signatures', () => {
  const { wrong, judged, accepted, refusedOnPurpose } = judge(readVectors('wycheproof/json_web_crypto_test.json'))
  assert.deepEqual(wrong, [])
  assert.deepEqual({ judged, accepted, refusedOnPurpose }, { judged: 83, accepted: 2, refusedOnPurpose: 2 })
})
