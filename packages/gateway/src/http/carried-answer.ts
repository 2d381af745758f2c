import type { ServerResponse } from 'node:http'
import type { Exchange } from '@sallyport/server'
import type { Dispatcher } from 'undici'
import { headersForCaller } from '../rules/forwarded-headers.ts'
import { isStaleConnection } from './upstreams.ts'

/** Answers of a declared size up to this are sent in one piece; others pass through as they come. */
const wholeBytes = 65_536
/** Up to this, head and body are joined to one write: the copy costs less than a second buffer. */
const joinedBytes = 16_384

/** What the way inside needs to know of what becomes of it. */
export interface Carrier {
  /** What the answer is counted under. */
  readonly route: string
  /** Headers that the answer gets, whatever it is. */
  readonly own: Readonly<Record<string, string>>
  /** Asks again on another connection; at most once, and only where nothing can have been carried out. */
  readonly again: (() => void) | undefined
  /** The service did not answer: nothing has been sent to the caller. */
  failed(error: unknown): void
  /** The service broke off in the middle of an answer that is on its way: the caller must not take it for whole. */
  brokeOff(error: unknown): void
}

/**
 * Carries one answer of a service out: a small one in one piece, any other as it comes and at the pace of its reader. An
 * answer that ends before its time never looks complete, and a caller that goes away ends the request inside.
 */
export class CarriedAnswer implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange
  readonly #carrier: Carrier
  #controller: Dispatcher.DispatchController | undefined
  #gone = false
  #answering = false
  #streaming = false
  #status = 0
  #head: string[] = []
  #first: Buffer | undefined
  #rest: Buffer[] | undefined

  constructor(exchange: Exchange, carrier: Carrier) {
    this.#exchange = exchange
    this.#carrier = carrier
    exchange.response.once('close', () => this.#callerClosed())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#gone) controller.abort(callerGone)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Answered): void {
    // An interim answer, such as 103: the final one follows (RFC 9110 §15.2).
    if (status < 200) return
    this.#answering = true
    this.#status = status
    if (status === 204) delete headers['content-length']
    this.#head = this.#exchange.head(headersForCaller(headers, this.#carrier.own))
    const length = headers['content-length']
    const bodiless = this.#exchange.method === 'HEAD' || status === 204 || status === 304
    if (bodiless || (typeof length === 'string' && Number(length) <= wholeBytes)) return
    this.#streaming = true
    this.#response.writeHead(status, this.#head)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#streaming) {
      if (this.#first === undefined) this.#first = chunk
      else this.#rest = [...(this.#rest ?? []), chunk]
      return
    }
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  /** Trailers are dropped: what is in them was not known when the headers were judged (RFC 9110 §6.5.1). */
  onResponseEnd(): void {
    if (this.#gone) return
    this.#controller = undefined
    const { route, failed } = this.#carrier
    if (this.#streaming) {
      this.#response.end()
      this.#exchange.answered(route, this.#status)
      return
    }
    this.#exchange.depart(() => {
      this.#sendWhole()
      this.#exchange.answered(route, this.#status)
    }, failed)
  }

  #sendWhole(): void {
    const response = this.#response
    response.writeHead(this.#status, this.#head)
    if (this.#first === undefined) {
      response.end()
      return
    }
    const body = this.#rest === undefined ? this.#first : Buffer.concat([this.#first, ...this.#rest])
    // As one string of bytes, it goes out in one write with the head.
    if (body.length <= joinedBytes) response.end(body.toString('latin1'), 'latin1')
    else response.end(body)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#gone) return
    const { again } = this.#carrier
    if (this.#streaming) this.#carrier.brokeOff(error)
    else if (again !== undefined && !this.#answering && isStaleConnection(error)) again()
    else this.#carrier.failed(error)
  }

  get #response(): ServerResponse {
    return this.#exchange.response
  }

  #callerClosed(): void {
    if (this.#response.writableFinished) return
    this.#gone = true
    this.#controller?.abort(callerGone)
  }
}

/** Headers as undici reads them. */
type Answered = Record<string, string | string[] | undefined>

const callerGone = new Error('the caller is gone')
