import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { DirectRoutes } from './direct.ts'
import { Exchange, type ExchangeRules } from './exchange.ts'
import type { Failure } from './failure.ts'
import { type Gate, turnedAway } from './gate.ts'
import { judgeTarget, type TargetRules } from './target.ts'

/**
 * What every request of a listener meets first: it is let in or refused, and goes to its direct route, to who took the
 * listener over, or to Fastify.
 */
export class Front {
  /** Asked for every request that has no direct route; `false` leaves it to Fastify. */
  takenOver: ((exchange: Exchange) => boolean) | undefined
  readonly #gate: Gate
  readonly #exchanges: ExchangeRules
  readonly #target: TargetRules
  readonly #log: Log
  /** Those that Fastify got from here: it neither judges nor names them again. */
  readonly #passedOn = new WeakMap<IncomingMessage, Exchange>()

  constructor(gate: Gate, exchanges: ExchangeRules, target: TargetRules, log: Log) {
    this.#gate = gate
    this.#exchanges = exchanges
    this.#target = target
    this.#log = log
  }

  receive(request: IncomingMessage, response: ServerResponse, direct: DirectRoutes, fastify: RequestListener): void {
    const busy = this.#gate.enter(request, response)
    if (busy === 'cut') return
    const exchange = new Exchange(request, response, this.#exchanges)
    const failure = busy ?? this.admit(request, exchange)
    if (failure !== undefined) {
      exchange.fail(failure, busy === undefined ? 'none' : turnedAway)
      return
    }
    if (direct.answer(exchange) || this.takenOver?.(exchange) === true) return
    this.#passedOn.set(request, exchange)
    fastify(request, response)
  }

  /**
   * Whether a request is meant for us, before anything is routed, read or answered.
   *
   * @returns what to answer instead, `undefined` when it may go on
   */
  admit(request: IncomingMessage, named: { readonly id: string }): Failure | undefined {
    const failure = judgeTarget(request, this.#target)
    if (failure !== undefined) this.#log.warn('host_refused', { reason: failure.reason, request_id: named.id })
    return failure
  }

  /** The exchange of a request that Fastify got from here; `undefined` for one that `app.inject` made. */
  exchangeOf(request: IncomingMessage): Exchange | undefined {
    return this.#passedOn.get(request)
  }
}
