import { ask } from './ask.ts'
import type { Decision, PolicyEngine } from './decision.ts'
import type { PolicyFailure, PolicySource } from './source.ts'

export interface EngineOptions {
  /** Hears of every question without a clean answer, for the operator's log; the caller only sees a denial. */
  readonly onFailure?: (failure: PolicyFailure) => void
}

/**
 * A source's decision rule as an engine. `decide` never throws or rejects: a throw, a timeout, a missing or odd answer
 * is a denial whose reason is a {@link FailureReason}.
 *
 * @param entrypoint  the decision rule's path, such as `orders/decision`
 */
export function policyEngine(source: PolicySource, entrypoint: string, options: EngineOptions = {}): PolicyEngine {
  const question = {
    source,
    entrypoint,
    read: readDecision,
    refuse(failure: PolicyFailure): Decision {
      options.onFailure?.(failure)
      return { outcome: 'deny', reason: failure.reason }
    },
  }
  return {
    get revision() {
      return source.revision
    },
    decide: input => ask(question, input),
  }
}

const WORD = /^[a-z][a-z0-9_]{0,63}$/
/** What may stand inside a quoted string of `WWW-Authenticate` (RFC 9110 §5.6.4), without escapes. */
const ACR_VALUES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/
const MEMBERS = {
  allow: ['outcome'],
  deny: ['outcome', 'reason'],
  step_up: ['outcome', 'reason', 'acr_values', 'max_age', 'require'],
}

/** A decision if it is exactly one; an unknown member may be a condition that we do not understand, so it is none. */
function readDecision(raw: unknown): Decision | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined
  const answer: Record<string, unknown> = { ...raw }
  if (answer.outcome === 'allow') return only(answer, MEMBERS.allow) ? { outcome: 'allow' } : undefined
  const { reason } = answer
  if (typeof reason !== 'string' || !WORD.test(reason)) return undefined
  if (answer.outcome === 'deny') return only(answer, MEMBERS.deny) ? { outcome: 'deny', reason } : undefined
  return answer.outcome === 'step_up' && only(answer, MEMBERS.step_up) ? readStepUp(answer, reason) : undefined
}

function readStepUp(answer: Record<string, unknown>, reason: string): Decision | undefined {
  const { acr_values, max_age, require } = answer
  if (acr_values === undefined && max_age === undefined && require === undefined) return undefined
  if (acr_values !== undefined && !(typeof acr_values === 'string' && ACR_VALUES.test(acr_values))) return undefined
  if (max_age !== undefined && !(typeof max_age === 'number' && Number.isSafeInteger(max_age) && max_age >= 0)) {
    return undefined
  }
  if (require !== undefined && require !== 'dpop') return undefined
  return {
    outcome: 'step_up',
    reason,
    ...(acr_values !== undefined && { acr_values }),
    ...(max_age !== undefined && { max_age }),
    ...(require !== undefined && { require }),
  }
}

function only(answer: Record<string, unknown>, members: readonly string[]): boolean {
  return Object.keys(answer).every(name => members.includes(name))
}
