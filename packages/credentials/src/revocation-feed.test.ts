import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type FeedMessage,
  type RevocationEntry,
  signFeedMessage,
  snapshotMessages,
  verifyFeedMessage,
} from './revocation-feed.ts'
import { signJwt, signNow } from './sign.ts'
import { generateSigningKey, verifyKeyOf } from './signing-key.ts'

const issuer = 'https://as.example'
const key = generateSigningKey('ES256')
const now = 1_800_000_000
const expected = { issuer, keyOf: (kid: string | undefined) => (kid === key.kid ? verifyKeyOf(key) : undefined) }
const sign = (message: FeedMessage, signer = key) =>
  signFeedMessage(message, { issuer, nowSeconds: now, key: signer }, signNow)
const entries = fc.record({
  kind: fc.constantFrom('token', 'family', 'client', 'key'),
  id: fc.string({ minLength: 1, maxLength: 60 }),
  before: fc.nat(),
  exp: fc.nat(),
}) satisfies fc.Arbitrary<RevocationEntry>

test('every message comes back as it was signed', async () => {
  const position = fc.record({ epoch: fc.string({ minLength: 1, maxLength: 64 }), seq: fc.nat() })
  const messages: fc.Arbitrary<FeedMessage> = fc.oneof(
    position.map(at => ({ type: 'heartbeat' as const, ...at })),
    fc.tuple(position, entries).map(([at, entry]) => ({ type: 'entry' as const, ...at, entry })),
    fc
      .tuple(position, fc.array(entries))
      .map(([at, all]) => ({ type: 'snapshot' as const, ...at, part: 0, parts: 1, entries: all })),
    fc.constant({ type: 'key' as const, jwk: key.publicJwk }),
  )
  await fc.assert(
    fc.asyncProperty(messages, async message => {
      const verified = verifyFeedMessage(await sign(message), expected)
      assert.ok(!('refused' in verified))
      assert.deepEqual(verified.message, JSON.parse(JSON.stringify(message)))
      assert.equal(verified.iat, now)
    }),
  )
})

test('a snapshot is cut into numbered pieces that hold every entry once', () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (all, size) => {
      const pieces = snapshotMessages(all, { epoch: 'e', seq: 7 }, size)
      assert.deepEqual(
        pieces.flatMap(piece => piece.entries),
        all,
      )
      assert.ok(pieces.every((piece, part) => piece.part === part && piece.parts === pieces.length))
      assert.ok(pieces.length >= 1 && pieces.every(piece => piece.entries.length <= size))
    }),
  )
})

test('another issuer, type, key or signature is refused (RFC 8725 §3.8, §3.11)', async () => {
  const message: FeedMessage = { type: 'heartbeat', epoch: 'e', seq: 1 }
  const reason = (text: string) => Reflect.get(verifyFeedMessage(text, expected), 'refused')
  const foreign = await signFeedMessage(message, { issuer: `${issuer}/`, nowSeconds: now, key }, signNow)
  assert.equal(reason(foreign), 'wrong_issuer')
  const claims = { iss: issuer, iat: now, ...message }
  assert.equal(reason(await signJwt({ typ: 'at+jwt', claims, key }, signNow)), 'wrong_type')
  assert.equal(reason(await sign(message, generateSigningKey('ES256'))), 'unknown_key')
  assert.equal(reason(await sign(message, { ...generateSigningKey('ES256'), kid: key.kid })), 'bad_signature')
})

test('members of other types are refused, and no claims make the reader throw', async () => {
  const sound = {
    iss: issuer,
    iat: now,
    type: 'entry',
    epoch: 'e',
    seq: 1,
    entry: { kind: 'token', id: 'j', before: 1, exp: 2 },
  }
  const reason = async (claims: object) =>
    Reflect.get(
      verifyFeedMessage(await signJwt({ typ: 'revocation-feed+jwt', claims, key }, signNow), expected),
      'refused',
    )
  assert.equal(await reason(sound), undefined)
  for (const change of [
    { type: 'other' },
    { epoch: '' },
    { seq: -1 },
    { seq: 1.5 },
    { iat: undefined },
    { entry: { ...sound.entry, kind: 'user' } },
    { entry: { ...sound.entry, id: '' } },
    { entry: { ...sound.entry, exp: undefined } },
    { type: 'snapshot', part: 1, parts: 1, entries: [] },
    { type: 'snapshot', part: 0, parts: 1, entries: [7] },
    { type: 'key', jwk: { kty: 'oct' } },
  ])
    assert.equal(await reason({ ...sound, ...change }), 'malformed', JSON.stringify(change))
  const names = fc.constantFrom('type', 'epoch', 'seq', 'entry', 'iat', 'part', 'parts', 'entries', 'jwk')
  await fc.assert(
    fc.asyncProperty(names, fc.jsonValue(), async (name, value) => void (await reason({ ...sound, [name]: value }))),
  )
})
