import type { NewRecord } from '@sallyport/store'

/** A WebAuthn credential of an account. Stored as kind `passkey`, key its credential id, index `account`. */
export interface Passkey {
  /** The credential id, base64url. */
  readonly id: string
  readonly account: string
  /** COSE key, base64url. */
  readonly public_key: string
  /** The last signature counter; 0 where the authenticator keeps none. */
  readonly counter: number
  readonly transports: readonly string[]
  /** What the person calls it. */
  readonly name: string
  /** Whether it is kept by a password manager in several places. */
  readonly backed_up: boolean
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds. */
  readonly last_used_at?: number
}

export function passkeyRecord(passkey: Passkey): NewRecord<Passkey> {
  return { kind: 'passkey', key: passkey.id, value: passkey, index: { account: passkey.account } }
}
