import { createCipheriv, createDecipheriv } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

/** Encrypts under a 32-byte key (AES-256-GCM); only the same key and the same `purpose` open it. */
export function seal(plain: string, key: Uint8Array, purpose: string, random: (bytes: number) => Uint8Array): string {
  const nonce = random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
}

/** The sealed text, or `undefined` when key, purpose or a single bit differ. */
export function unseal(sealed: string, key: Uint8Array, purpose: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < nonceBytes + tagBytes || key.length !== 32) return undefined
  const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  opener.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-tagBytes))
  try {
    return opener.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + opener.final('utf8')
  } catch {
    return undefined
  }
}
