import type { RevocationView } from '@sallyport/credentials'
import type { MaybePromise } from './maybe-promise.ts'

/** What the guard knows of revocations, and how fresh that is. */
export interface Revocations extends RevocationView {
  /** Resolves with the first snapshot, or after the time in which one should have come. */
  opened(): MaybePromise<void>
  /** `none`: the issuer has no feed. `late`: silent for 2 s or more. `silent`: too long, everything is refused. */
  state(): RevocationsState
  close(): void
}

export interface RevocationsState {
  readonly feed: 'none' | 'connecting' | 'live' | 'late' | 'silent'
  /** Seconds since the last message that was in order. */
  readonly silentForSeconds: number
}

/** For an issuer without a feed: a token lives to its end whatever happens, which is said at start. */
export const noFeed: Revocations = {
  judge: () => 'live',
  opened: () => undefined,
  state: () => ({ feed: 'none', silentForSeconds: 0 }),
  close: () => undefined,
}
