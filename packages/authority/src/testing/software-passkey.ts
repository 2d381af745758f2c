import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'

/**
 * The answer of an authenticator in software to `navigator.credentials.create`: attestation `none`, user verified, a fresh
 * ES256 key (WebAuthn L3 §6.5.4, §8.7; RFC 9053 §7.1.1), as our page sends it.
 */
export function newCredential(challenge: string, origin: string): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const id = randomBytes(16)
  const coseKey = [hex('a5010203262001215820'), Buffer.from(x, 'base64url'), hex('225820'), Buffer.from(y, 'base64url')]
  const relyingParty = createHash('sha256').update(new URL(origin).hostname).digest()
  const userVerified = hex('45')
  const authenticatorData = Buffer.concat([
    relyingParty,
    userVerified,
    hex('00000000'),
    Buffer.alloc(16),
    hex('0010'),
    id,
    ...coseKey,
  ])
  const attestation = Buffer.concat([
    hex('a3'),
    text('fmt'),
    text('none'),
    text('attStmt'),
    hex('a0'),
    text('authData'),
    hex('58'),
    Buffer.of(authenticatorData.length),
    authenticatorData,
  ])
  const client = JSON.stringify({ type: 'webauthn.create', challenge, origin, crossOrigin: false })
  return JSON.stringify({
    id: id.toString('base64url'),
    type: 'public-key',
    response: {
      clientDataJSON: Buffer.from(client).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
    },
  })
}

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')

/** A CBOR text of under 24 bytes (RFC 8949 §3.1). */
const text = (value: string): Buffer => Buffer.concat([Buffer.of(0x60 + value.length), Buffer.from(value)])
