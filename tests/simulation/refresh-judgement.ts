import type { TokenAnswer } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import type { Outcome } from './authority-process.ts'
import type { ClientKind } from './client-kinds.ts'
import type { Ledger } from './ledger.ts'
import type { Schedule } from './schedule.ts'

/** How far the simulated clocks and latencies may move a bound before the ledger says anything about it. */
const marginMs = 2500
const windowMs = 30_000
const dayMs = 86_400_000

/** Who shows a refresh token: its client with its own key, or a thief. `wrongKey`: with a key that is not the client's. */
export interface Shown {
  readonly token: string
  readonly kind: ClientKind
  readonly wrongKey: boolean
}

interface Standing {
  readonly family: string
  readonly isEnded: boolean
  readonly isUsed: boolean
  readonly isInside: boolean
  readonly isOutside: boolean
}

/**
 * DECISIONS "Refresh", said a second time and apart from the authority: where a refresh token stands when its request
 * begins and when it is answered, and what the answer may be then.
 */
export function beginRefresh(
  shown: Shown,
  ledger: Ledger,
  schedule: Schedule,
): (outcome: Outcome<TokenAnswer | TokenError>) => void {
  const before = standing(shown, ledger, schedule)
  return outcome => {
    if (before === undefined || !('answer' in outcome)) return
    const now = standing(shown, ledger, schedule)
    if (isTokenError(outcome.answer)) refused(shown, before, now, outcome.answer, ledger)
    else allowed(before, ledger)
  }
}

function standing(shown: Shown, ledger: Ledger, schedule: Schedule): Standing | undefined {
  const record = ledger.refreshRecord(shown.token)
  const family = record && ledger.family(record.value.family)
  if (record === undefined || family === undefined) return undefined
  const rotatedAtMs = ledger.rotatedAtMs(record.selector)
  const ageMs = rotatedAtMs === undefined ? 0 : schedule.nowMs - rotatedAtMs
  const successor = ledger.successorOf(record.selector)
  const mayAskLater = shown.kind !== 'bearer'
  const isUnshown = mayAskLater && successor?.usedAt === undefined
  return {
    family: family.id,
    isEnded: family.revoked_at !== undefined || family.expires_at <= schedule.nowSeconds,
    isUsed: rotatedAtMs !== undefined,
    isInside:
      !shown.wrongKey &&
      (rotatedAtMs === undefined || ageMs < windowMs - marginMs || (isUnshown && ageMs < dayMs - marginMs)),
    isOutside:
      rotatedAtMs !== undefined &&
      (shown.wrongKey || (ageMs > windowMs + marginMs && (!isUnshown || ageMs > dayMs + marginMs))),
  }
}

function allowed(before: Standing, ledger: Ledger): void {
  ledger.must(!before.isEnded, 'nothing revoked is accepted after its bound', `a refresh token of ${before.family}`)
  ledger.must(!before.isOutside, 'a replay outside the rules kills the family', `${before.family} gave tokens instead`)
}

function refused(shown: Shown, before: Standing, now: Standing | undefined, error: TokenError, ledger: Ledger): void {
  // The request itself was no good: its proof or assertion had arrived before, or its client may not use it.
  if (error.error !== 'invalid_grant') return
  if (error.reason === 'refresh_replayed') {
    ledger.count('families killed by a replay')
    ledger.must(
      !(before.isInside && now?.isInside),
      'a retry inside the rules never logs anyone out',
      `${shown.kind}: ${before.family} was killed: ${error.got}`,
    )
    ledger.ended([before.family], 'a replay was answered as one')
  } else if (before.isInside && now?.isInside && !now.isEnded && !isSubjectOver(error))
    ledger.violated(
      'a retry inside the rules never logs anyone out',
      `${shown.kind}: ${before.family} lives, but ${error.reason}: ${error.expected} / ${error.got}`,
    )
  if (before.isOutside && !before.isEnded && now !== undefined && !isSubjectOver(error)) {
    ledger.count(shown.wrongKey ? 'replays with another key' : 'replays outside the rules')
    ledger.must(
      ledger.family(before.family)?.revoked_at !== undefined,
      'a replay outside the rules kills the family',
      `${before.family} lives after ${error.reason}`,
    )
  }
}

/** Grants and accounts end beside their families. */
const isSubjectOver = (error: TokenError): boolean =>
  ['grant_revoked', 'account_disabled', 'sessions_ended', 'session_ended'].includes(error.reason)
