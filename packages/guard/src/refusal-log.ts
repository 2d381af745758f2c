import type { DescribedRequest } from './described-request.ts'
import { errorCodes } from './error-codes.ts'
import type { GuardLog } from './guard-context.ts'
import type { GuardRefusal } from './guard-refusal.ts'

/** Our own opaque tokens, anything shaped like a compact JWS, and what is long enough to hold 256 random bits. */
const tokens = /\bsp_[a-z]{2,4}_[\w-]{8,}|\beyJ[\w-]{6,}\.[\w-]*\.[\w-]*|[\w-]{40,}/g

/**
 * Writes all that is known of a refusal, without the query and without a token that stands in the path: it may hold what
 * nobody should read later.
 */
export function logRefusal(log: GuardLog, refusal: GuardRefusal, request: DescribedRequest): void {
  const code = errorCodes[refusal.refused]
  const write = 'operator' in code ? log.error : log.info
  const mark = request.target.indexOf('?')
  write.call(log, 'refused', {
    code: refusal.refused,
    door: code.door,
    status: code.status,
    expected: refusal.expected,
    got: refusal.got?.replace(tokens, '…'),
    do: refusal.hint ?? code.hint,
    rule: refusal.rule,
    see: `docs/errors/${refusal.refused}.md`,
    method: request.method,
    path: (mark < 0 ? request.target : request.target.slice(0, mark)).replace(tokens, '…'),
    route: request.route,
    request_id: request.requestId,
  })
}
