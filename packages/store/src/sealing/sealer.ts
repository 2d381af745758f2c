import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { StoreError } from '../store-error.ts'
import type { MasterKey } from './master-key.ts'

/** Begins every sealed text, and nothing else that is stored: JSON cannot begin like this. */
export const SEALED_PREFIX = 's1.'

const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encryption at rest under one purpose's subkey. What was sealed for one purpose or context opens for no other. */
export interface Sealer {
  /** @param context what the text belongs to, such as tenant, kind and key of its record; not secret, not stored */
  seal(plain: string, context: string): string
  /** @throws StoreError `wrong_key` for an unknown key id, `unsealed` for a changed, moved or never sealed text */
  open(sealed: string, context: string): string
  /** Whether the text is sealed under the current master key; otherwise it is to be sealed again. */
  isCurrent(sealed: string): boolean
}

/**
 * Seals with AES-256-GCM. Each text has a key of its own, HMAC-SHA-256 of the purpose's subkey over a random salt,
 * besides its random nonce: the bound of 2^32 texts under one key with random nonces (NIST SP 800-38D §8.3) is never
 * reached. Key id, purpose and context are authenticated with the text.
 */
export function createSealer(masterKey: MasterKey, purpose: string): Sealer {
  return {
    seal(plain, context) {
      const id = masterKey.id()
      const salt = randomBytes(SALT_BYTES)
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', textKey(masterKey.subkey(`seal ${purpose}`, id), salt), nonce)
      cipher.setAAD(boundText(id, purpose, context))
      const text = [salt, nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return `${SEALED_PREFIX}${id}.${Buffer.concat(text).toString('base64url')}`
    },
    open(sealed, context) {
      const { id, bytes } = parseSealed(sealed)
      const salt = bytes.subarray(0, SALT_BYTES)
      const nonce = bytes.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES)
      const key = textKey(masterKey.subkey(`seal ${purpose}`, id), salt)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(boundText(id, purpose, context))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        const plain = decipher.update(bytes.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES), undefined, 'utf8')
        return plain + decipher.final('utf8')
      } catch (cause) {
        throw new StoreError('unsealed', 'A sealed value was changed or moved.', RESTORE_HINT, { cause })
      }
    },
    isCurrent: sealed => sealed.startsWith(`${SEALED_PREFIX}${masterKey.id()}.`),
  }
}

const RESTORE_HINT = 'Restore the data from a backup, and find out who wrote to it.'

function textKey(subkey: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac('sha256', subkey).update(salt).digest()
}

function boundText(id: string, purpose: string, context: string): Buffer {
  return Buffer.from(JSON.stringify([SEALED_PREFIX, id, purpose, context]))
}

function parseSealed(sealed: string): { id: string; bytes: Buffer } {
  const end = sealed.indexOf('.', SEALED_PREFIX.length)
  const bytes = Buffer.from(sealed.slice(end + 1), 'base64url')
  if (!sealed.startsWith(SEALED_PREFIX) || end < 0 || bytes.length < SALT_BYTES + NONCE_BYTES + TAG_BYTES) {
    throw new StoreError('unsealed', 'A value that must be sealed is not.', RESTORE_HINT)
  }
  return { id: sealed.slice(SEALED_PREFIX.length, end), bytes }
}
