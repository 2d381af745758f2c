import type { DpopNonces, KeyRing, Sign, SigningKey } from '@sallyport/credentials'
import type { AuditRecord } from '@sallyport/store'
import type { AuthorityStore } from './authority-store.ts'
import type { AuthoritySettings } from './settings.ts'

/** All that touches the world, for every rule of the authority. One per tenant. */
export interface AuthorityContext {
  readonly tenant: string
  /** Without a trailing slash, byte for byte what metadata, `iss` and tokens say. */
  readonly issuer: string
  readonly settings: AuthoritySettings
  readonly store: AuthorityStore
  readonly keys: AuthorityKeys
  readonly dpopNonces: DpopNonces
  readonly sign: Sign
  /** Unix seconds. */
  now(): number
  /** Unix milliseconds, for identifiers that sort by time. */
  nowMs(): number
  random(bytes: number): Uint8Array
  readonly passwords: PasswordHash
  /** Resolves when the record is on disk; whoever answers "granted" or "revoked" waits for it. */
  audit(record: AuditRecord): Promise<void>
  readonly log: AuthorityLog
}

export interface AuthorityKeys {
  /** The keys in force; changes by rotation, without a restart. */
  ring(): KeyRing
  /** The key that signs with this algorithm now, made on first need. */
  signing(algorithm: SigningKey['algorithm']): Promise<SigningKey>
  /** Rotates by command: the successor signs from now on, the key before it verifies until its tokens are over. */
  rotate(algorithm: SigningKey['algorithm']): Promise<SigningKey>
  /** Takes a key out of the ring at once, because it leaked; `revokeKey` ends what it signed. */
  withdraw(kid: string): Promise<void>
  /** Does what the schedule asks for at this time and takes over what other processes did. */
  tick(): Promise<void>
}

export interface PasswordHash {
  hash(password: string): Promise<string>
  /** Takes as long for an unknown user as for a known one when `phc` is undefined. */
  verify(password: string, phc: string | undefined): Promise<boolean>
}

export interface AuthorityLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}
