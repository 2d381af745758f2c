import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { newKey, openMasterKey } from './master-key.ts'
import { createSealer } from './sealer.ts'

function keyOf(text = newKey()) {
  return openMasterKey({ home: '/nonexistent', environment: { SALLYPORT_MASTER_KEY: text } })
}

test('any text opens as it was sealed, and no two sealings of it are equal', () => {
  const sealer = createSealer(keyOf(), 'authority')
  const check = (plain: string, context: string) => {
    const sealed = sealer.seal(plain, context)
    assert.notEqual(sealed, sealer.seal(plain, context))
    assert.equal(sealer.open(sealed, context), plain)
    assert.ok(plain.length < 4 || !sealed.includes(plain))
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string(), check), { numRuns: 300 })
})

test('a sealed text with any one character changed, cut or added is refused (NIST SP 800-38D §7.2)', () => {
  const sealer = createSealer(keyOf(), 'authority')
  const sealed = sealer.seal('{"secret":true}', 'context')
  const refused = { name: 'StoreError', code: /unsealed|wrong_key/ }
  for (let at = 0; at < sealed.length; at += 1) {
    // The last character of base64url carries bits that are not part of the text; flipping a high bit changes it.
    const flipped = sealed[at] === 'A' ? 'Q' : 'A'
    const changed = sealed.slice(0, at) + flipped + sealed.slice(at + 1)
    assert.throws(() => sealer.open(changed, 'context'), refused, `character ${at}`)
    assert.throws(() => sealer.open(sealed.slice(0, at), 'context'), refused)
  }
  assert.throws(() => sealer.open('', 'context'), refused)
  assert.throws(() => sealer.open('{"secret":false}', 'context'), refused)
})

test('what was sealed for one purpose, context or key opens for no other', () => {
  const text = newKey()
  const sealed = createSealer(keyOf(text), 'authority').seal('1', '["acme","session","a"]')
  assert.equal(createSealer(keyOf(text), 'authority').open(sealed, '["acme","session","a"]'), '1')
  const moved = { code: 'unsealed' }
  assert.throws(() => createSealer(keyOf(text), 'authority').open(sealed, '["acme","session","b"]'), moved)
  assert.throws(() => createSealer(keyOf(text), 'bff').open(sealed, '["acme","session","a"]'), moved)
  assert.throws(() => createSealer(keyOf(), 'authority').open(sealed, '["acme","session","a"]'), { code: 'wrong_key' })
})

test('a sealed text that claims another key id of the same ring is refused', () => {
  const [newer, older] = [newKey(), newKey()]
  const ring = keyOf(`${newer},${older}`)
  const sealer = createSealer(ring, 'authority')
  const sealed = sealer.seal('1', 'context')
  const forged = sealed.replace(ring.id(), keyOf(older).id())
  assert.notEqual(forged, sealed)
  assert.throws(() => sealer.open(forged, 'context'), { code: 'unsealed' })
})

test('with two keys the first seals and both open', () => {
  const [newer, older] = [newKey(), newKey()]
  const before = createSealer(keyOf(older), 'authority')
  const after = createSealer(keyOf(`${newer}, ${older}`), 'authority')
  const sealed = before.seal('1', 'context')
  assert.equal(after.open(sealed, 'context'), '1')
  assert.equal(after.isCurrent(sealed), false)
  assert.equal(after.isCurrent(after.seal('1', 'context')), true)
  assert.throws(() => before.open(after.seal('1', 'context'), 'context'), { code: 'wrong_key' })
})

test('subkeys differ by purpose and by key, and are the same each time', (t: TestContext) => {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-key-'))
  t.after(() => rmSync(home, { recursive: true }))
  const key = openMasterKey({ home, environment: {} })
  const again = openMasterKey({ home, environment: {} })
  assert.equal(key.subkey('dpop-nonce').length, 32)
  assert.deepEqual(key.subkey('dpop-nonce'), again.subkey('dpop-nonce'))
  assert.notDeepEqual(key.subkey('dpop-nonce'), key.subkey('session'))
  assert.notDeepEqual(key.subkey('dpop-nonce'), keyOf().subkey('dpop-nonce'))
})
