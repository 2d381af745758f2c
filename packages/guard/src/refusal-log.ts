import type { DescribedRequest } from './described-request.ts'
import { errorCodes } from './error-codes.ts'
import type { GuardLog } from './guard-context.ts'
import type { GuardRefusal } from './guard-refusal.ts'

/** Writes all that is known of a refusal, without the query: it may hold what nobody should read later. */
export function logRefusal(log: GuardLog, refusal: GuardRefusal, request: DescribedRequest): void {
  const code = errorCodes[refusal.refused]
  const write = 'operator' in code ? log.error : log.info
  const mark = request.target.indexOf('?')
  write.call(log, 'refused', {
    code: refusal.refused,
    door: code.door,
    status: code.status,
    expected: refusal.expected,
    got: refusal.got,
    do: refusal.hint ?? code.hint,
    rule: refusal.rule,
    see: `docs/errors/${refusal.refused}.md`,
    method: request.method,
    path: mark < 0 ? request.target : request.target.slice(0, mark),
    route: request.route,
    request_id: request.requestId,
  })
}
