import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { eventLoopUtilization } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { Admission } from '../admission.ts'
import type { Log } from '../log.ts'
import type { Failure } from './failure.ts'

/**
 * How urgent a request is. `always`: it is not counted and never turned away, as health, metrics and what is kept open on
 * purpose. `first`: what ends something, which comes before what begins something.
 */
export type Urgency = 'always' | 'first' | 'usual'

/** Says of a request's method and path (without query) how urgent it is. */
export type UrgencyOf = (method: string, path: string) => Urgency

/** Requests of one connection that are not answered yet, at most; who sends more at once is cut off. */
export const pipelinedMost = 64
const tellMs = 1_000

/** The route of an answer to a request that was turned away. */
export const turnedAway = 'turned away'

/** Asked for in every state of a process. */
const operatorsPaths: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics'])

/** A connection and its requests, as long as it is open. */
interface Lane {
  unanswered: number
  /** Those of them that are in flight. */
  counted: number
  isOpen: boolean
  /** Of the latest request, until it is closed. */
  latest: ServerResponse | undefined
}

const nothingOwed: Pick<Lane, 'unanswered' | 'latest'> = { unanswered: 0, latest: undefined }

/**
 * Turns requests away when more come than can be answered in time, before anything is read of them. It measures how long a
 * round of the event loop takes, which is how long everything waits that has arrived.
 */
export class Gate {
  /** Told of each request that is turned away. */
  onShed: () => void = () => undefined
  readonly #admission = new Admission()
  readonly #urgencyOf: UrgencyOf
  readonly #answersAlone: boolean
  readonly #log: Log
  readonly #lanes = new WeakMap<Duplex, Lane>()
  /** Requests that were answered or have gone in this round of the loop. */
  #left = 0
  #roundBeganMs: number | undefined
  #shed = 0
  #teller: NodeJS.Timeout | undefined

  /** @param answersAlone  whether answers wait for nobody but this process and its store, so that the quickest tells of its load */
  constructor(urgencyOf: UrgencyOf | undefined, answersAlone: boolean, log: Log) {
    this.#urgencyOf = urgencyOf ?? (() => 'usual')
    this.#answersAlone = answersAlone
    this.#log = log
  }

  /**
   * Lets a request in, which is in flight until its response or its connection is closed.
   *
   * @returns what to answer instead; `cut` when its connection was ended
   */
  enter(request: IncomingMessage, response: ServerResponse): Failure | 'cut' | undefined {
    const { method = 'GET', url = '/', socket } = request
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    const urgency = operatorsPaths.has(path) ? 'always' : this.#urgencyOf(method, path)
    const lane = this.#laneOf(socket)
    if (lane.unanswered >= pipelinedMost) {
      socket.destroy()
      return 'cut'
    }
    const enteredMs = this.#round()
    const isCounted = urgency !== 'always' && this.#admission.enter(urgency === 'first')
    this.#follow(response, lane, isCounted ? enteredMs : undefined)
    return isCounted || urgency === 'always' ? undefined : this.#turnAway()
  }

  /**
   * Whether the next bytes on a connection belong to the answer to a request that was read whole, or to one that has begun:
   * nothing else may be written there.
   */
  owes(socket: Duplex): boolean {
    const { unanswered, latest } = this.#lanes.get(socket) ?? nothingOwed
    return unanswered > 1 || (latest !== undefined && (latest.headersSent || latest.req.complete))
  }

  /** @param enteredMs  of a request that is in flight */
  #follow(response: ServerResponse, lane: Lane, enteredMs: number | undefined): void {
    lane.unanswered += 1
    lane.latest = response
    if (enteredMs !== undefined) lane.counted += 1
    // `once` costs more, and node:http tells of it once.
    response.on('close', () => {
      if (lane.latest === response) lane.latest = undefined
      if (!lane.isOpen) return
      lane.unanswered -= 1
      if (enteredMs === undefined) return
      lane.counted -= 1
      const roundBeganMs = this.#leave(1)
      if (this.#answersAlone && response.writableFinished) this.#admission.answered(roundBeganMs - enteredMs)
    })
  }

  /** Responses that wait behind another one on a connection are not told of its end, so the connection is asked. */
  #laneOf(socket: Socket): Lane {
    const known = this.#lanes.get(socket)
    if (known !== undefined) return known
    const lane: Lane = { unanswered: 0, counted: 0, isOpen: !socket.destroyed, latest: undefined }
    this.#lanes.set(socket, lane)
    socket.once('close', () => {
      lane.isOpen = false
      this.#leave(lane.counted)
    })
    return lane
  }

  /**
   * Places are free again when the round is over: all that is read in one round has waited together, whether or not some of
   * it could be answered at once.
   *
   * @returns when this round began
   */
  #leave(count: number): number {
    this.#left += count
    return this.#round()
  }

  /** When this round began, by `performance.now()`: with the first request or answer. */
  #round(): number {
    this.#roundBeganMs ??= this.#beginRound()
    return this.#roundBeganMs
  }

  #beginRound(): number {
    const beganMs = performance.now()
    setImmediate(() => {
      const now = performance.now()
      this.#roundBeganMs = undefined
      this.#admission.waited(now - beganMs, now, loopWorkedMs)
      this.#admission.left(this.#left)
      this.#left = 0
    })
    return beganMs
  }

  #turnAway(): Failure {
    this.onShed()
    this.#shed += 1
    if (this.#teller === undefined) {
      this.#log.warn('overloaded', { in_flight: this.#admission.inFlight, share: this.#admission.share })
      this.#teller = setInterval(() => this.#tell(), tellMs).unref()
    }
    return busy[this.#shed % busy.length] ?? unavailable('1')
  }

  /** One line a second for all that were turned away in it; the last one says that it is over. */
  #tell(): void {
    const { inFlight: in_flight, share } = this.#admission
    if (this.#shed === 0) {
      clearInterval(this.#teller)
      this.#teller = undefined
      this.#log.info('overload_over', { in_flight })
      return
    }
    this.#log.warn('turned_away', { requests: this.#shed, in_flight, share })
    this.#shed = 0
  }
}

const loopWorkedMs = (): number => eventLoopUtilization().active

/** Not all of those who were turned away come back in the same second. */
const busy: readonly Failure[] = ['1', '2', '3'].map(unavailable)

function unavailable(seconds: string): Failure {
  return {
    status: 503,
    error: 'temporarily_unavailable',
    reason: 'overloaded',
    description:
      'More requests come than can be answered in time. Send it again after as many seconds as Retry-After says.',
    headers: { 'retry-after': seconds },
  }
}
