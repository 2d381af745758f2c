import type { Caller } from '@sallyport/credentials'
import type { Decision, PolicyEngine, PolicyInput } from '@sallyport/policy'
import type { GuardRefusal } from './guard-refusal.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import { isCollection } from './operation.ts'
import type { NeededScopes } from './scopes.ts'

/** One object and what is to be done with it. */
export interface Question {
  readonly action: string
  readonly object: object
}

/** What the policy is told besides caller, action and object. */
export interface Circumstances {
  readonly method: string
  readonly route: string
  readonly needed: NeededScopes
  /** Type of an object that does not say its own. */
  readonly objectType: string
  /** Unix seconds. */
  readonly now: number
  readonly requestId: string
  readonly extra: Readonly<Record<string, unknown>>
}

/**
 * Door two: asks the policy about each object and stops at the first that is not allowed. An engine that throws or
 * answers oddly has refused.
 *
 * @returns `undefined` when every answer was allow
 */
export function askPolicy(
  engine: PolicyEngine,
  caller: Caller,
  questions: readonly Question[],
  circumstances: Circumstances,
): MaybePromise<GuardRefusal | undefined> {
  const [question, ...rest] = questions
  if (question === undefined) return undefined
  return chain(decide(engine, policyInput(caller, question, circumstances)), decision => {
    if ('refused' in decision) return decision
    if (decision.outcome === 'allow') return askPolicy(engine, caller, rest, circumstances)
    return refusalOf(decision, question, caller)
  })
}

function decide(engine: PolicyEngine, input: PolicyInput): MaybePromise<Decision | GuardRefusal> {
  const failed = (error: unknown): GuardRefusal => ({
    refused: 'policy_failed',
    expected: 'a decision',
    got: error instanceof Error ? error.message : 'a throw',
  })
  try {
    const decision = engine.decide(input)
    return decision instanceof Promise ? decision.catch(failed) : decision
  } catch (error) {
    return failed(error)
  }
}

function refusalOf(
  decision: Exclude<Decision, { outcome: 'allow' }>,
  question: Question,
  caller: Caller,
): GuardRefusal {
  const got = `${caller.subject} asks ${question.action}: ${decision.reason}`
  if (decision.outcome === 'step_up') {
    const signIn = decision.acr_values !== undefined || decision.max_age !== undefined
    if (decision.require === 'dpop' && !signIn)
      return { refused: 'dpop_required', rule: 'RFC 9449 §7.1', expected: 'a bound token', got }
    return {
      refused: 'step_up_required',
      rule: 'RFC 9470 §3',
      expected: `acr ${decision.acr_values ?? 'any'}, signed in at most ${decision.max_age ?? '∞'} s ago`,
      got: `acr ${caller.acr ?? 'none'}, signed in at ${caller.authTime ?? 'an unknown time'}; ${got}`,
      ...(decision.acr_values === undefined ? {} : { acr_values: decision.acr_values }),
      ...(decision.max_age === undefined ? {} : { max_age: decision.max_age }),
      ...(decision.require === 'dpop' ? { scheme: 'DPoP' } : {}),
    }
  }
  if (decision.outcome !== 'deny')
    return { refused: 'policy_failed', expected: 'allow, deny or step_up', got: 'another word' }
  const refused = decision.reason === 'not_yours' ? 'not_found' : 'access_denied'
  return { refused, expected: 'allow', got, rule: decision.reason === 'not_yours' ? 'OWASP API1' : 'OWASP API5' }
}

/** The caller and the object in AuthZEN's four words; Sets become lists, absent facts are left out. */
function policyInput(caller: Caller, question: Question, circumstances: Circumstances): PolicyInput {
  const { needed, method, route } = circumstances
  const properties: Record<string, unknown> = {
    client_id: caller.clientId,
    scopes: needed.within(caller.scopes),
    roles: caller.roles,
    amr: caller.amr,
    sender: caller.sender.kind,
  }
  if (caller.acr !== undefined) properties.acr = caller.acr
  if (caller.authTime !== undefined) properties.auth_time = caller.authTime
  return {
    subject: { type: caller.subjectType, id: caller.subject, properties },
    action: { name: question.action, properties: { method, route, scope: needed.first } },
    resource: resourceOf(question.object, circumstances.objectType),
    context: { ...circumstances.extra, now: Math.floor(circumstances.now), request_id: circumstances.requestId },
  }
}

function resourceOf(object: object, type: string): PolicyInput['resource'] {
  const properties = object as Readonly<Record<string, unknown>>
  const { id } = properties
  const text = typeof id === 'string' || typeof id === 'number' ? String(id) : ''
  return isCollection(object) ? { type: 'collection', id: text, properties: {} } : { type, id: text, properties }
}
