import type { Caller } from '@sallyport/credentials'
import type { PolicyEngine } from '@sallyport/policy'
import type { DescribedRequest } from './described-request.ts'
import { askPolicy, type Circumstances, type Question } from './door-two.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import { missingObjectRule, type ObjectRule, type Operation } from './operation.ts'
import type { KnownToken } from './token-cache.ts'

/** What a handler gets once both doors are passed. */
export interface Passed {
  readonly caller: Caller
  /** What the first object rule found; `undefined` for an operation without one. */
  readonly object: object | undefined
  /** What each object rule found, by its action. */
  readonly objects: Readonly<Record<string, object>>
}

/** The engine in force; a promise of it is replaced by the engine when it is there. */
export interface EngineSlot {
  current: MaybePromise<PolicyEngine>
}

const noObjects: Readonly<Record<string, object>> = Object.freeze({})

/**
 * Door two: scope, sender, then each object by the policy. An object that is not there and one that is not the caller's
 * are the same refusal.
 */
export function passDoorTwo<Request>(
  engine: EngineSlot,
  operation: Operation<Request>,
  known: KnownToken,
  described: DescribedRequest,
  request: Request,
  nowSeconds: () => number,
): MaybePromise<Passed | GuardRefusal> {
  const { caller } = known
  const { needed, options, rules } = operation
  const route = options.route ?? described.route ?? pathOf(described.target)
  if (!operation.fits(options.route ?? described.route ?? '/')) {
    return {
      refused: 'object_rule_missing',
      rule: 'OWASP API1',
      expected: 'an object rule',
      got: missingObjectRule(route),
    }
  }
  const scheme = caller.sender.kind === 'dpop' ? 'DPoP' : 'Bearer'
  if (known.met !== needed && !needed.heldBy(caller.scopes)) {
    const got = [...caller.scopes].join(' ') || 'none'
    return { refused: 'insufficient_scope', rule: 'RFC 6750 §3.1', scheme, expected: needed.text, got }
  }
  known.met = needed
  if (options.requireDpop === true && caller.sender.kind !== 'dpop') {
    return { refused: 'dpop_required', rule: 'RFC 9449 §7.1', expected: 'a DPoP-bound token', got: caller.sender.kind }
  }
  if (rules.length === 0) return { caller, object: undefined, objects: noObjects }
  const circumstances: Circumstances = {
    method: described.method,
    route,
    needed,
    objectType: operation.typeOn(route),
    now: nowSeconds(),
    requestId: described.requestId,
    extra: options.context?.(request) ?? {},
  }
  return chain(load(rules, request, caller, []), questions => {
    if (questions === 'missing') return notFound
    return chain(engine.current, policy => {
      engine.current = policy
      return chain(askPolicy(policy, caller, questions.flatMap(each), circumstances), refusal => {
        if (refusal !== undefined) return { scheme, ...refusal }
        const objects = Object.fromEntries(questions.map(({ action, object }) => [action, object]))
        return { caller, object: questions[0]?.object, objects }
      })
    })
  })
}

function load<Request>(
  rules: readonly (readonly [string, ObjectRule<Request>])[],
  request: Request,
  caller: Caller,
  found: readonly Question[],
): MaybePromise<readonly Question[] | 'missing'> {
  const [next, ...rest] = rules
  if (next === undefined) return found
  const [action, rule] = next
  return chain(rule(request, caller), object =>
    typeof object !== 'object' || object === null
      ? 'missing'
      : load(rest, request, caller, [...found, { action, object }]),
  )
}

/** A list is asked about item by item: one that is not the caller's is enough to refuse it all. */
function each(question: Question): readonly Question[] {
  if (!Array.isArray(question.object)) return [question]
  return question.object.map(object => ({
    action: question.action,
    object: typeof object === 'object' && object ? object : {},
  }))
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

const notFound: GuardRefusal = { refused: 'not_found', expected: 'an object', got: 'none of that name' }
