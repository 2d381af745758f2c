import { createCipheriv, createDecipheriv, hash } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

/**
 * Seals a refresh token's successor under a key derived from the token itself (AES-256-GCM), so that a lost response can be
 * repeated to whoever shows the token again, and by nobody else: the store holds nothing that opens it. R0 opens R1 opens R2.
 */
export function sealReply(presented: string, successor: string, random: (bytes: number) => Uint8Array): string {
  const nonce = random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', replyKey(presented), nonce)
  const sealed = Buffer.concat([nonce, cipher.update(successor, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return sealed.toString('base64url')
}

/** The successor that was sealed under this token, or `undefined` when it was sealed under another one. */
export function openReply(presented: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < nonceBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', replyKey(presented), bytes.subarray(0, nonceBytes))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const plain = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8')
    return plain + decipher.final('utf8')
  } catch (error) {
    // node:crypto tells a wrong tag by throwing.
    if (error instanceof Error) return undefined
    throw error
  }
}

/** NIST SP 800-56C Rev. 2 §4.1, option 1 (counter, secret, purpose): the token holds 256 random bits, so nothing has to be extracted first. */
const replyKey = (presented: string): Uint8Array =>
  hash('sha256', `\0\0\0\x01${presented}sallyport refresh-reply 2`, 'buffer')
