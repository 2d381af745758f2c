import { dpopNonces, signingAlgorithms } from '@sallyport/credentials'
import type { PolicyEngine } from '@sallyport/policy'
import { type Answer, answer, serverError } from './answer.ts'
import { readAuthorization } from './authorization.ts'
import type { ChallengeFacts } from './challenge.ts'
import type { DescribedRequest } from './described-request.ts'
import { type DoorOne, enterDoorOne } from './door-one.ts'
import { judgeAtFirstSight } from './first-sight.ts'
import type { GuardContext, GuardLog } from './guard-context.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { Issuer } from './issuer.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import { type Counts, counts, prometheusText } from './metrics.ts'
import { declareOperation, type ObjectRules, type Operation, type RouteOptions } from './operation.ts'
import type { GuardSettings } from './options.ts'
import { type EngineSlot, type Passed, passDoorTwo } from './pass-door-two.ts'
import { logRefusal } from './refusal-log.ts'
import { boundedReplayMemory } from './replay-memory.ts'
import { resourceMetadata, resourceMetadataPath } from './resource-metadata.ts'
import type { Revocations, RevocationsState } from './revocations.ts'
import { type KnownToken, tokenCache, tokenHash } from './token-cache.ts'
import { tracedDoors, tracedPolicy } from './traced-doors.ts'
import type { Tracer } from './tracer.ts'

/** What a guard is made of; the settings are checked, the parts are running. */
export interface GuardParts {
  readonly settings: GuardSettings
  readonly context: GuardContext
  readonly issuer: Issuer
  readonly revocations: Revocations
  readonly policy: MaybePromise<PolicyEngine>
  readonly tracer?: Tracer | undefined
}

/** Both doors of one API, for any framework: plain values in and out. */
export interface Guard {
  /** Declares one operation, so that the metadata lists its scopes and mistakes show at start. */
  declare<Request>(scope: string, objects?: ObjectRules<Request>, options?: RouteOptions<Request>): Operation<Request>
  /** Door one alone. */
  enter(request: DescribedRequest): MaybePromise<KnownToken | GuardRefusal>
  /** Whose the request's token is, where it is remembered as good: cheap, and says nothing of its proof or revocation. */
  remembered(request: DescribedRequest): KnownToken['caller'] | undefined
  /**
   * Both doors. `onCaller` runs between them, so that object rules find the caller on the framework's request.
   *
   * @returns what passed, or the answer to send instead
   * @throws what an object rule throws: that is the application's own failure
   */
  pass<Request>(
    operation: Operation<Request>,
    described: DescribedRequest,
    request: Request,
    onCaller?: (request: Request, caller: KnownToken['caller']) => void,
  ): MaybePromise<Passed | Answer>
  /** A refusal as an answer, logged and counted. */
  refuse(refusal: GuardRefusal, request: DescribedRequest, scope?: string): Answer
  /** What an object rule threw, as an answer that says nothing of it, logged; for whoever has no error handler. */
  failed(error: unknown, request: DescribedRequest): Answer
  /** The RFC 9728 document and where it belongs. */
  metadata(): Answer
  readonly metadataPath: string
  /** The nonce to send with an answer to a request that carried a proof; `undefined` while nonces are off. */
  nextNonce(): string | undefined
  state(): GuardState
  /** Counters and gauges as Prometheus text. */
  metrics(): string
  close(): void
}

export interface GuardState extends RevocationsState {
  readonly cachedTokens: number
  readonly counts: Counts
}

const doors = { enter: enterDoorOne, second: passDoorTwo }

/** Puts the doors together. */
export function createGuard({ settings, context, issuer, revocations, policy, tracer }: GuardParts): Guard {
  const { resource, origin, leewaySeconds, requireDpop } = settings
  const nowSeconds = () => context.nowSeconds()
  const cache = tokenCache(settings.maxCachedTokens)
  const nonces = settings.nonceKey && dpopNonces(settings.nonceKey)
  const sight = {
    issuer,
    resources: [resource, ...settings.alsoAccept] as const,
    leewaySeconds,
    revocations,
    cache,
    nowSeconds,
    endOfTurn: () => context.endOfTurn(),
  }
  const door: DoorOne = {
    origin,
    cache,
    revocations,
    leewaySeconds,
    requireDpop,
    replay: settings.replay ?? boundedReplayMemory(settings.maxProofs, nowSeconds),
    nonces,
    nowSeconds,
    endOfTurn: () => context.endOfTurn(),
    judge: (presented, hash) => judgeAtFirstSight(sight, presented, hash),
  }
  const scopes = new Set<string>()
  const counted = counts()
  const metadataPath = resourceMetadataPath(resource)
  const facts = (scope: string): ChallengeFacts => ({
    resourceMetadata: origin + metadataPath,
    scope,
    dpopAlgorithms: signingAlgorithms.join(' '),
    dpopOnly: requireDpop,
  })
  const refuse: Guard['refuse'] = (refusal, request, scope = '') => {
    counted.refused(refusal.refused)
    logRefusal(context.log, refusal, request)
    return answer(refusal, facts(scope), request.requestId)
  }
  const engine = engineSlot(tracer === undefined ? policy : tracedPolicy(policy, tracer), context.log)
  const { enter, second } = tracer === undefined ? doors : tracedDoors(doors, tracer)

  return {
    declare(scope, objects, options = {}) {
      const operation = declareOperation(scope, objects, options, settings.implies)
      for (const word of operation.needed.text.split(' ')) if (word !== '') scopes.add(word)
      return operation
    },
    enter: request => enter(door, request),
    remembered(request) {
      const presented = readAuthorization(request)
      return 'refused' in presented ? undefined : cache.get(tokenHash(presented.token))?.caller
    },
    pass(operation, described, request, onCaller) {
      return chain(enter(door, described), known => {
        if ('refused' in known) return refuse(known, described, operation.needed.text)
        onCaller?.(request, known.caller)
        return chain(second(engine, operation, known, described, request, nowSeconds), passed => {
          if ('refused' in passed) return refuse(passed, described, operation.needed.text)
          counted.passed()
          return passed
        })
      })
    },
    refuse,
    failed(error, { requestId: request_id, route }) {
      const got = error instanceof Error ? error.message : 'a throw'
      context.log.error('object_rule_failed', { expected: 'an object or none', got, route, request_id })
      return serverError(request_id)
    },
    metadata() {
      const document = resourceMetadata({
        resource,
        issuer: settings.issuer,
        scopes: [...scopes],
        dpopAlgorithms: signingAlgorithms,
        dpopRequired: requireDpop,
      })
      const headers = {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
        'cache-control': 'max-age=300',
      }
      return { status: 200, headers, body: JSON.stringify(document) }
    },
    metadataPath,
    nextNonce: () => nonces?.issue(nowSeconds()),
    state: () => ({ ...revocations.state(), cachedTokens: cache.size, counts: counted.now() }),
    metrics: () => prometheusText(counted.now(), revocations.state(), cache.size),
    close: () => revocations.close(),
  }
}

/** An engine that could not be loaded refuses everything, and says so at once. */
function engineSlot(policy: MaybePromise<PolicyEngine>, log: GuardLog): EngineSlot {
  if (!(policy instanceof Promise)) return { current: policy }
  const slot: EngineSlot = {
    current: policy.catch((error: unknown) => {
      const got = error instanceof Error ? error.message : 'a throw'
      log.error('policy_not_loaded', { expected: 'a policy engine', got, do: 'Nothing is allowed until it loads.' })
      return { revision: 'none', decide: () => ({ outcome: 'deny', reason: 'policy_not_loaded' }) }
    }),
  }
  return slot
}
