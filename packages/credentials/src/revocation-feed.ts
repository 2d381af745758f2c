import { signingAlgorithms } from './algorithms.ts'
import { importPublicJwk, type PublicJwk, type VerifyKey } from './jwk.ts'
import { parseCompactJws, verifyJws } from './jws.ts'
import { isType, refuseIssuer } from './jwt.ts'
import { isTime } from './jwt-times.ts'
import type { Refusal } from './refusal.ts'
import { type Sign, signJwt } from './sign.ts'
import type { SigningKey } from './signing-key.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from './strict-json.ts'

/** What a revocation ends: one token (`jti`), a family, everything of a client, everything a key signed (`kid`). */
export type RevokedKind = 'token' | 'family' | 'client' | 'key'

/** One revocation. It holds opaque identifiers only. */
export interface RevocationEntry {
  readonly kind: RevokedKind
  readonly id: string
  /** Tokens issued at or before this Unix second are dead; a token named by its `jti` is dead anyway. */
  readonly before: number
  /** Unix seconds after which the entry may be forgotten: no token it names is alive any more, leeway included. */
  readonly exp: number
}

/**
 * What the feed says. Entries of one `epoch` are numbered without gaps; a new epoch starts when the authority lost count.
 *
 * - `key`: the signer vouches for the feed key `jwk`. Signed by that key itself it introduces it, at first contact only.
 * - `snapshot`: all that is live after entry `seq`, in `parts` pieces, `part` counted from 0.
 * - `entry`: the revocation that follows `seq - 1`.
 * - `heartbeat`: nothing happened after `seq`.
 */
export type FeedMessage = FeedKeyMessage | FeedSnapshotMessage | FeedEntryMessage | FeedHeartbeatMessage

export interface FeedKeyMessage {
  readonly type: 'key'
  readonly jwk: PublicJwk
}
export interface FeedSnapshotMessage extends FeedPosition {
  readonly type: 'snapshot'
  readonly part: number
  readonly parts: number
  readonly entries: readonly RevocationEntry[]
}
export interface FeedEntryMessage extends FeedPosition {
  readonly type: 'entry'
  readonly entry: RevocationEntry
}
export interface FeedHeartbeatMessage extends FeedPosition {
  readonly type: 'heartbeat'
}
export interface FeedPosition {
  readonly epoch: string
  readonly seq: number
}

/** A message whose signature was right. */
export interface VerifiedFeedMessage {
  readonly message: FeedMessage
  /** Unix seconds. */
  readonly iat: number
  readonly signedBy: VerifyKey
}

export type FeedRefusal = Refusal<
  'malformed' | 'wrong_algorithm' | 'wrong_type' | 'wrong_issuer' | 'unknown_key' | 'unvouched_key' | 'bad_signature'
>

/** `typ` of every message. */
export const revocationFeedType = 'revocation-feed+jwt'
const maxMessageBytes = 512 * 1024
const kinds: ReadonlySet<unknown> = new Set<RevokedKind>(['token', 'family', 'client', 'key'])

/** Signs one message of the feed, with the feed's own key. */
export function signFeedMessage(
  message: FeedMessage,
  by: { readonly issuer: string; readonly nowSeconds: number; readonly key: SigningKey },
  sign: Sign,
): Promise<string> {
  const claims = { iss: by.issuer, iat: by.nowSeconds, ...message }
  return signJwt({ typ: revocationFeedType, claims, key: by.key }, sign)
}

/** Cuts a snapshot into messages of at most `entriesPerPart` entries; an empty one is one message. */
export function snapshotMessages(
  entries: readonly RevocationEntry[],
  position: FeedPosition,
  entriesPerPart = 1000,
): readonly FeedSnapshotMessage[] {
  const parts = Math.max(1, Math.ceil(entries.length / entriesPerPart))
  return Array.from({ length: parts }, (_, part) => {
    const piece = entries.slice(part * entriesPerPart, (part + 1) * entriesPerPart)
    return { type: 'snapshot', ...position, part, parts, entries: piece }
  })
}

/**
 * Reads and verifies one message. A `key` message by its own key verifies too: whether it is believed is the list's matter.
 *
 * @param keyOf  the trusted feed key of that name
 * @throws nothing, whatever the text
 */
export function verifyFeedMessage(
  text: string,
  expected: { readonly issuer: string; readonly keyOf: (kid: string | undefined) => VerifyKey | undefined },
): VerifiedFeedMessage | FeedRefusal {
  const parsed = parseCompactJws(text, { maxBytes: maxMessageBytes })
  if ('refused' in parsed) return parsed
  const { typ, kid } = parsed.header
  if (!isType(typ, [revocationFeedType]))
    return { refused: 'wrong_type', expected: revocationFeedType, got: (typ ?? 'none').slice(0, 64) }
  const claims = parseJsonObject(parsed.payload)
  const message = claims === undefined ? undefined : readMessage(claims)
  if (claims === undefined || message === undefined || !isTime(claims.iat))
    return { refused: 'malformed', expected: 'a message of the revocation feed', got: 'something else' }
  const foreign = refuseIssuer(claims, expected.issuer)
  if (foreign !== undefined) return foreign
  const signedBy = expected.keyOf(kid) ?? selfIntroduced(message, kid)
  if (signedBy === undefined) {
    const refused = message.type === 'key' ? 'unvouched_key' : 'unknown_key'
    return { refused, expected: 'a trusted feed key', got: (kid ?? 'none').slice(0, 64) }
  }
  if (!verifyJws(parsed, signedBy, signingAlgorithms))
    return { refused: 'bad_signature', expected: `a signature of ${signedBy.kid.slice(0, 64)}`, got: 'another' }
  return { message, iat: claims.iat, signedBy }
}

function selfIntroduced(message: FeedMessage, kid: string | undefined): VerifyKey | undefined {
  if (message.type !== 'key') return undefined
  const key = importPublicJwk(message.jwk)
  return 'refused' in key || key.kid !== kid ? undefined : key
}

function readMessage(claims: JsonObject): FeedMessage | undefined {
  const { type, jwk, epoch, seq, part, parts, entries, entry } = claims
  if (type === 'key') return isPublicJwk(jwk) ? { type, jwk } : undefined
  if (typeof epoch !== 'string' || epoch === '' || epoch.length > 64 || !isCount(seq)) return undefined
  if (type === 'heartbeat') return { type, epoch, seq }
  if (type === 'entry') return isEntry(entry) ? { type, epoch, seq, entry } : undefined
  if (type !== 'snapshot' || !isCount(part) || !isCount(parts) || part >= parts) return undefined
  return Array.isArray(entries) && entries.every(isEntry) ? { type, epoch, seq, part, parts, entries } : undefined
}

function isPublicJwk(jwk: unknown): jwk is PublicJwk {
  return !('refused' in importPublicJwk(jwk))
}

function isEntry(value: unknown): value is RevocationEntry {
  if (!isJsonObject(value) || !kinds.has(value.kind)) return false
  const { id, before, exp } = value
  return typeof id === 'string' && id !== '' && id.length <= 256 && isTime(before) && isTime(exp)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
