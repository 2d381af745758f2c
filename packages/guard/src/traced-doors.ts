import type { PolicyEngine } from '@sallyport/policy'
import type { DoorOne, enterDoorOne } from './door-one.ts'
import { errorCodes, type GuardErrorCode } from './error-codes.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { passDoorTwo } from './pass-door-two.ts'
import { spanned } from './spanned.ts'
import type { Span, Tracer } from './tracer.ts'

export interface Doors {
  readonly enter: typeof enterDoorOne
  readonly second: typeof passDoorTwo
}

/** Both doors with a span each, which says by which word the door answered, and no more. */
export function tracedDoors(doors: Doors, tracer: Tracer): Doors {
  return {
    enter: (door, request) =>
      spanned(
        tracer,
        'door one',
        span => {
          span.setAttribute('sallyport.token', 'remembered')
          const watched: DoorOne = {
            ...door,
            judge: (presented, hash) => {
              span.setAttribute('sallyport.token', 'first sight')
              return door.judge(presented, hash)
            },
          }
          return doors.enter(watched, request)
        },
        (span, known) => settle(span, 'refused' in known ? known.refused : 'passed'),
      ),
    second: (engine, operation, known, described, request, nowSeconds) =>
      spanned(
        tracer,
        'door two',
        span => {
          const { sender, subjectType } = known.caller
          span.setAttribute('sallyport.sender', sender.kind)
          span.setAttribute('sallyport.subject_type', subjectType)
          return doors.second(engine, operation, known, described, request, nowSeconds)
        },
        (span, passed) => settle(span, 'refused' in passed ? passed.refused : 'passed'),
      ),
  }
}

/** An engine with a span for each question put to it; the question itself, which describes people, is not in it. */
export function tracedPolicy(policy: MaybePromise<PolicyEngine>, tracer: Tracer): MaybePromise<PolicyEngine> {
  return chain(policy, engine => ({
    get revision() {
      return engine.revision
    },
    decide: input =>
      spanned(
        tracer,
        'policy decision',
        span => {
          span.setAttribute('sallyport.action', input.action.name)
          span.setAttribute('sallyport.policy_revision', engine.revision)
          return engine.decide(input)
        },
        (span, decision) => span.setAttribute('sallyport.outcome', decision.outcome),
      ),
  }))
}

function settle(span: Span, word: GuardErrorCode | 'passed'): void {
  span.setAttribute('sallyport.outcome', word)
  if (word !== 'passed' && errorCodes[word].status >= 500) span.setStatus({ code: 2 })
}
