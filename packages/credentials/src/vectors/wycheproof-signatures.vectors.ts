import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import type { SigningAlgorithm } from '../algorithms.ts'
import { importPublicJwk, type VerifyKey } from '../jwk.ts'
import { verifyJws } from '../jws.ts'
import { readVectors } from './vector-folder.ts'

interface SignatureFile {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly publicKeyDer: string
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly result: 'valid' | 'invalid' | 'acceptable'
      readonly msg: string
      readonly sig: string
    }[]
  }[]
}

/**
 * Runs a set of raw signatures through `verifyJws`. The signing input is any text of one-byte characters there, so that
 * every message can be put in.
 */
function judge(path: string, alg: SigningAlgorithm) {
  const file = readVectors<SignatureFile>(path)
  const wrong: string[] = []
  const refusedKeys: string[] = []
  let accepted = 0
  let judged = 0
  for (const group of file.testGroups) {
    const key = importDer(group.publicKeyDer)
    for (const { tcId, comment, result, msg, sig } of group.tests) {
      judged += 1
      const verdict = !('refused' in key) && verify(key, alg, msg, sig)
      if (verdict) accepted += 1
      if (result === 'acceptable' || verdict === (result === 'valid')) continue
      if ('refused' in key) refusedKeys.push(`${tcId}: ${key.got}`)
      else wrong.push(`${tcId} ${comment}: ${result}, but we say ${verdict}`)
    }
  }
  assert.equal(judged, file.numberOfTests)
  return { wrong, refusedKeys, accepted }
}

function verify(key: VerifyKey, alg: SigningAlgorithm, msg: string, sig: string): boolean {
  const header = { alg, typ: undefined, kid: undefined, members: {} }
  const signature = Buffer.from(sig, 'hex')
  const signingInput = Buffer.from(msg, 'hex').toString('latin1')
  return verifyJws({ header, payload: signature, signature, signingInput }, key, [alg])
}

function importDer(der: string) {
  const key = createPublicKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'spki' })
  return importPublicJwk(key.export({ format: 'jwk' }))
}

test('every ECDSA P-256 signature of Wycheproof gets the right verdict as ES256 (RFC 7518 §3.4)', () => {
  const { wrong, refusedKeys, accepted } = judge('wycheproof/ecdsa_secp256r1_sha256_p1363_test.json', 'ES256')
  assert.deepEqual({ wrong, refusedKeys, accepted }, { wrong: [], refusedKeys: [], accepted: 173 })
})

test('no ECDSA P-384 signature of Wycheproof is accepted: the curve is not of the allow-list', () => {
  const { wrong, refusedKeys, accepted } = judge('wycheproof/ecdsa_secp384r1_sha384_p1363_test.json', 'ES256')
  assert.deepEqual({ wrong, accepted }, { wrong: [], accepted: 0 })
  assert.equal(refusedKeys.length, 193)
  assert.ok(refusedKeys.every(refused => refused.endsWith('"P-384"')))
})

test('every Ed25519 signature of Wycheproof gets the right verdict as EdDSA (RFC 8037 §3.1)', () => {
  const { wrong, refusedKeys, accepted } = judge('wycheproof/ed25519_test.json', 'EdDSA')
  assert.deepEqual({ wrong, refusedKeys, accepted }, { wrong: [], refusedKeys: [], accepted: 88 })
})

test('every RSA PKCS #1 signature of Wycheproof gets the right verdict as RS256 (RFC 7518 §3.3)', () => {
  const { wrong, refusedKeys, accepted } = judge('wycheproof/rsa_signature_2048_sha256_test.json', 'RS256')
  // Both are right signatures of keys with e = 3, which importPublicJwk refuses (FIPS 186-5 §5.4).
  const refused = ['258: a weak modulus or exponent', '259: a weak modulus or exponent']
  assert.deepEqual({ wrong, refusedKeys, accepted }, { wrong: [], refusedKeys: refused, accepted: 7 })
})

test('every RSA-PSS signature of Wycheproof gets the right verdict as PS256 (RFC 7518 §3.5)', () => {
  const { wrong, refusedKeys, accepted } = judge('wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json', 'PS256')
  assert.deepEqual({ wrong, refusedKeys, accepted }, { wrong: [], refusedKeys: [], accepted: 63 })
})
