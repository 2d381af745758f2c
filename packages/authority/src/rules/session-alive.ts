import type { NewRecord, Reference, Stored } from '@sallyport/store'
import type { TokenError } from '../token-error.ts'

/** Longer than any code lives (OAuth 2.1 §4.1.2). */
const rememberedSeconds = 700

/** Remembers that a session ended, for codes that it had just given out and that have no family to end yet. */
export const endedSession = (sid: string, now: number): NewRecord => ({
  kind: sessionReference.kind,
  key: sid,
  value: { ended_at: now },
  expiresAt: now + rememberedSeconds,
})

/** The end of its session, as a code names it. */
export const sessionReference = { kind: 'ended-session', path: ['session'] } as const satisfies Reference

/**
 * The session that a code came from was not ended meanwhile: a sign-out also stops what it had just begun.
 *
 * @param end  of the session, if it ended
 */
export function judgeSession(end: Stored | undefined): TokenError | undefined {
  if (end === undefined) return undefined
  return {
    error: 'invalid_grant',
    reason: 'session_ended',
    rule: 'OAuth 2.1 §4.1.3',
    expected: 'a session that goes on',
    got: 'one that ended',
    hint: 'The sign-in is over. Start the authorization again.',
  }
}
