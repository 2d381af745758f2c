import type { KeySource, Sign, SigningKey } from '@sallyport/credentials'
import type { TenantStore } from '@sallyport/store'
import type { AuthorityMetadata } from './authority-metadata.ts'
import type { BffSettings } from './settings.ts'

/** All that touches the world, for every rule of the browser back end. */
export interface BffContext {
  readonly settings: BffSettings
  readonly store: TenantStore
  /** The key that this client authenticates with (private_key_jwt, RFC 7523). */
  readonly clientKey: SigningKey
  readonly sign: Sign
  /** 32 bytes; seals the cookies of sign-ins that are under way. */
  readonly loginKey: Uint8Array
  metadata(): Promise<AuthorityMetadata>
  /** The authority's keys, for ID tokens. */
  keys(): Promise<KeySource>
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Sends a request to an API inside a span; `send` gets the headers that continue the trace there. Absent without traces. */
  readonly call?: <T>(call: {
    readonly method: string
    readonly url: URL
    send(headers: Readonly<Record<string, string>>): Promise<T>
    status(answer: T): number
  }) => Promise<T>
  /** Unix seconds. */
  now(): number
  random(bytes: number): Uint8Array
  readonly log: BffLog
}

export interface BffLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
}
