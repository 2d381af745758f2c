import { hash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * What an opaque credential is for: access token, refresh token, authorization code, client secret, session, sign-in
 * attempt, pushed request, device code, API key, set-up code, recovery link.
 */
export type OpaqueKind = 'at' | 'rt' | 'ac' | 'cs' | 'ss' | 'si' | 'pr' | 'dc' | 'ak' | 'su' | 'rl'

const kinds: ReadonlySet<string> = new Set<OpaqueKind>([
  'at',
  'rt',
  'ac',
  'cs',
  'ss',
  'si',
  'pr',
  'dc',
  'ak',
  'su',
  'rl',
])

/** Draws `length` bytes from a cryptographic source; passed in, so that a simulation can replay. */
export type RandomBytes = (length: number) => Uint8Array

/** A new opaque credential. Keep `selector` as the row's key and `secretHash` in the row; `token` is shown once. */
export interface MintedToken {
  readonly token: string
  readonly selector: string
  readonly secretHash: string
}

/** What a presented credential is looked up by, and compared with. */
export interface OpaqueReference {
  readonly selector: string
  readonly secretHash: string
}

// Ascending in ASCII, so that selectors sort by the time in front of them.
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const prefixLength = 'sp_at_'.length
const timeLength = 8
const selectorLength = 20
/** 43 characters of 62 hold 256.03 bits. */
const secretLength = 43
const checksumLength = 6
const bodyLength = prefixLength + selectorLength + secretLength
const tokenLength = bodyLength + checksumLength
const maxDraws = 32

/**
 * Makes an opaque credential: `sp_at_`, a 20-character selector that sorts by time, a secret of 256 random bits, a
 * CRC-32. Prefix and checksum let a leak scanner find it without false alarms; it holds no information about anyone.
 *
 * @param source  `nowMs` Unix milliseconds; `random` a cryptographic source
 * @throws when the random source repeats itself so badly that no secret can be made of it
 */
export function mintOpaqueToken(
  kind: OpaqueKind,
  source: { readonly nowMs: number; readonly random: RandomBytes },
): MintedToken {
  const random = randomText(selectorLength - timeLength + secretLength, source.random)
  const selector = encodeNumber(source.nowMs, timeLength) + random.slice(0, selectorLength - timeLength)
  const body = `sp_${kind}_${selector}${random.slice(selectorLength - timeLength)}`
  return { token: body + checksum(body), selector, secretHash: hash('sha256', body, 'base64url') }
}

/** A selector alone: an identifier that sorts by time and holds 71 random bits. */
export function mintSelector(source: { readonly nowMs: number; readonly random: RandomBytes }): string {
  return encodeNumber(source.nowMs, timeLength) + randomText(selectorLength - timeLength, source.random)
}

/**
 * Reads a presented credential of the kind expected here.
 *
 * @returns selector and hash, or `undefined` when it is of another kind, mistyped (checksum) or no such credential
 * @throws nothing, whatever the input
 */
export function parseOpaqueToken(token: string, kind: OpaqueKind): OpaqueReference | undefined {
  if (opaqueKind(token) !== kind) return undefined
  const body = token.slice(0, bodyLength)
  return {
    selector: token.slice(prefixLength, prefixLength + selectorLength),
    secretHash: hash('sha256', body, 'base64url'),
  }
}

/** The kind of a well-formed opaque credential, its checksum included; `undefined` for everything else. */
export function opaqueKind(token: string): OpaqueKind | undefined {
  if (token.length !== tokenLength || !token.startsWith('sp_') || token[5] !== '_') return undefined
  const kind = token.slice(3, 5)
  if (!isKind(kind)) return undefined
  for (let at = prefixLength; at < tokenLength; at += 1) if (!isBase62(token.charCodeAt(at))) return undefined
  const body = token.slice(0, bodyLength)
  return token.slice(bodyLength) === checksum(body) ? kind : undefined
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameSecret(hashA: string, hashB: string): boolean {
  const a = Buffer.from(hashA, 'utf8')
  const b = Buffer.from(hashB, 'utf8')
  return a.length === b.length && timingSafeEqual(a, b)
}

function isKind(text: string): text is OpaqueKind {
  return kinds.has(text)
}

function isBase62(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

function checksum(body: string): string {
  return encodeNumber(crc32(body), checksumLength)
}

// Characters go into bytes first: a text that grows by one character is an object for each.

function encodeNumber(value: number, length: number): string {
  const text = Buffer.allocUnsafe(length)
  let rest = value
  for (let at = length - 1; at >= 0; at -= 1) {
    text[at] = alphabet.charCodeAt(rest % 62)
    rest = Math.floor(rest / 62)
  }
  return text.toString('latin1')
}

/** Bytes from 248 up are thrown away: without them every character is equally likely. */
function randomText(length: number, random: RandomBytes): string {
  const text = Buffer.allocUnsafe(length)
  let at = 0
  for (let draw = 0; draw < maxDraws; draw += 1) {
    for (const byte of random(length + 8)) {
      if (byte >= 248) continue
      text[at] = alphabet.charCodeAt(byte % 62)
      at += 1
      if (at === length) return text.toString('latin1')
    }
  }
  throw new Error('the random source gives nothing usable')
}
