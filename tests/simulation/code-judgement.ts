import type { TokenAnswer } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import type { Outcome } from './authority-process.ts'
import type { Ledger } from './ledger.ts'

/**
 * OAuth 2.1 §4.1.3, said apart from the authority: one redemption of a code wins, and a request that is right in every way
 * and finds the code used revokes what it gave.
 */
export function beginCode(code: string, ledger: Ledger): (outcome: Outcome<TokenAnswer | TokenError>) => void {
  const wasUsed = ledger.codeRecord(code)?.row.usedAt !== undefined
  return outcome => {
    if (!('answer' in outcome)) return
    const { answer } = outcome
    if (!isTokenError(answer)) {
      ledger.usedOnce('code', code)
      ledger.must(!wasUsed, 'one winner per one-time credential', 'a used code gave tokens')
      return
    }
    const now = ledger.codeRecord(code)
    if (answer.reason === 'code_replayed') {
      ledger.count('families killed by a used code')
      if (now !== undefined) ledger.ended([now.value.family], 'a used code was answered as replayed')
    } else if (wasUsed && now !== undefined)
      ledger.must(
        !answer.reason.startsWith('code_') && answer.reason !== 'credential_gone',
        'a replay outside the rules kills the family',
        `a used code was refused as ${answer.reason} and nothing revoked`,
      )
  }
}
