import { createHmac } from 'node:crypto'
import { type SigningKey, signNow } from '@sallyport/credentials'

type Json = Readonly<Record<string, unknown>>

export interface ReadJwt {
  readonly header: Json
  readonly claims: Json
  readonly signature: string
}

export function readJwt(token: string): ReadJwt {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const read = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  return { header: read(header), claims: read(payload), signature }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Header and claims as they are given, with a signature from elsewhere. Members that are `undefined` are left out. */
export const unsigned = (header: Json, claims: Json, signature = ''): string =>
  `${encode(header)}.${encode(claims)}.${signature}`

/** The same, signed by a key whatever the header says. */
export function signedBy(key: SigningKey, header: Json, claims: Json): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signNow(key, input)}`
}

/** The same, with an HMAC over a secret that is no secret. */
export function macBy(secret: string | Uint8Array, header: Json, claims: Json): string {
  const input = `${encode(header)}.${encode(claims)}`
  const hash = `sha${String(header.alg).slice(2)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

/** The other form of an ECDSA signature (RFC 3279 §2.2.3): a sequence of two integers. */
export function derOf(signature: Buffer): Buffer {
  const integer = (half: Buffer) => {
    const bytes = (half[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), half]) : half
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes])
  }
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, both.length]), both])
}
