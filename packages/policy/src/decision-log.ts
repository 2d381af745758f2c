import { canonicalDigest } from './canonical-json.ts'
import type { Decision, PolicyEngine, PolicyInput } from './decision.ts'
import type { EngineOptions } from './engine.ts'
import { PolicyFailure } from './source.ts'

/** One line of the decision log. It holds opaque ids and a digest, never the input, a token or a name. */
export interface DecisionRecord {
  /** When it was decided, RFC 3339 in UTC with milliseconds, as in every other log of the system. */
  readonly at: string
  /** Door two; door one's lines carry 1. */
  readonly door: 2
  readonly request_id: string | undefined
  readonly outcome: Decision['outcome']
  readonly reason: string | undefined
  /** What a step-up asked for, and nothing otherwise. */
  readonly acr_values?: string
  /** Seconds. */
  readonly max_age?: number
  readonly require?: 'dpop'
  readonly subject: { readonly type: string; readonly id: string }
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string }
  /** Digest of the policy in force when the answer came. */
  readonly revision: string
  /** SHA-256 of the input's canonical JSON (RFC 8785), hex; undefined when the input was no JSON and so was denied. */
  readonly input_digest: string | undefined
}

export interface DecisionLogOptions extends EngineOptions {
  /** Receives one NDJSON line with its line end. If it throws, the decision becomes a denial: what is not logged is not allowed. */
  readonly sink: (line: string) => void
  /** The time, RFC 3339 in UTC. */
  readonly timestamp: () => string
}

/** The engine, with every decision logged before it is answered. */
export function decisionLog(engine: PolicyEngine, options: DecisionLogOptions): PolicyEngine {
  function logged(input: PolicyInput, decision: Decision): Decision {
    try {
      options.sink(`${JSON.stringify(decisionRecord(input, decision, engine.revision, options.timestamp()))}\n`)
      return decision
    } catch (error) {
      options.onFailure?.(new PolicyFailure('policy_log', String(error)))
      return { outcome: 'deny', reason: 'policy_log' }
    }
  }
  return {
    get revision() {
      return engine.revision
    },
    decide(input) {
      const decision = engine.decide(input)
      return decision instanceof Promise ? decision.then(late => logged(input, late)) : logged(input, decision)
    },
  }
}

/** The record of one decision: pure, so that a receipt or a replay makes the same one. */
export function decisionRecord(input: PolicyInput, decision: Decision, revision: string, at: string): DecisionRecord {
  const { outcome, ...details } = decision
  const requestId = input.context.request_id
  return {
    at,
    door: 2,
    request_id: typeof requestId === 'string' ? requestId : undefined,
    outcome,
    reason: undefined,
    ...details,
    subject: { type: input.subject.type, id: input.subject.id },
    action: input.action.name,
    resource: { type: input.resource.type, id: input.resource.id },
    revision,
    input_digest: digestOf(input),
  }
}

function digestOf(input: PolicyInput): string | undefined {
  try {
    return canonicalDigest(input)
  } catch {
    // The engine refused the same input for the same cause, and says so in its reason.
    return undefined
  }
}
