import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'
import { noBody } from './body.ts'
import type { Departures } from './departures.ts'
import { type ErrorPage, type Failure, renderFailure } from './failure.ts'
import { requestIdOf } from './request-id.ts'
import { isData } from './security-headers.ts'

/** A request as a direct handler reads it. */
export interface DirectRequest {
  readonly method: string
  /** As sent, with its query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Name and value in turn, repeated ones not joined. */
  readonly rawHeaders: readonly string[]
  /** Whole; empty where none was sent. */
  readonly body: Uint8Array
  readonly id: string
  /** Whom the request is from: the other end of the connection, or whom a trusted proxy names. */
  readonly address: string
}

/** An answer in one piece. Headers that are given again and again (the same array) are put together once. */
export interface DirectAnswer {
  readonly status: number
  /**
   * Name (lower case) and value in turn; one that the listener would set as well replaces it. Without `content-length`,
   * `x-request-id` and `connection`, which are the listener's.
   */
  readonly headers: readonly string[]
  readonly body: string | Buffer
  /** A document for everybody, of any origin and without credentials: it carries nothing that keeps pages of others away. */
  readonly isOpen?: boolean
}

/** What all exchanges of a listener share. */
export interface ExchangeRules {
  /** The listener's security headers, name and value in turn: all, those that data carries, and those of open documents. */
  readonly headers: readonly string[]
  readonly dataHeaders: readonly string[]
  readonly openHeaders: readonly string[]
  readonly trustRequestId: boolean
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trusted: ((address: string, hop: number) => boolean) | undefined
  readonly errorPage: ErrorPage | undefined
  /** Aborted once the listener closes: connections are not kept any more. */
  readonly closing: AbortSignal
  readonly departures: Departures
  /** Called once an answer was handed over. */
  readonly answered: (exchange: Exchange, route: string, status: number) => void
}

/**
 * One request that a listener let in, and its answer, on node:http: what stands below Fastify. `request.url` is in origin
 * form and `Host` is one of ours already. Id and address are found out when they are asked for.
 */
export class Exchange implements DirectRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** `performance.now()` when it came in. */
  readonly begunMs: number = performance.now()
  body: Uint8Array = noBody
  readonly #rules: ExchangeRules
  #id: string | undefined

  constructor(request: IncomingMessage, response: ServerResponse, rules: ExchangeRules) {
    this.request = request
    this.response = response
    this.#rules = rules
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  get url(): string {
    return this.request.url ?? '/'
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers
  }

  get rawHeaders(): readonly string[] {
    return this.request.rawHeaders
  }

  get id(): string {
    this.#id ??= requestIdOf(this.request, this.#rules.trustRequestId)
    return this.#id
  }

  get address(): string {
    const { trusted } = this.#rules
    if (trusted === undefined) return this.request.socket.remoteAddress ?? ''
    return proxyAddr.all(this.request, trusted).at(-1) ?? ''
  }

  /**
   * The headers of an answer for `response.writeHead`, name and value in turn: the listener's security headers, `own` in
   * place of those of the same name, the request's id, and `connection: close` once the listener closes. Whoever writes the
   * answer adds its length.
   *
   * @param own     names in lower case
   * @param isOpen  of an open document
   */
  head(own: readonly string[], isOpen: boolean = false): string[] {
    const { closing, openHeaders, dataHeaders } = this.#rules
    const ofData = isOpen ? openHeaders : dataHeaders
    const headers = isData(joinedNamed(own, 'content-type')) ? ofData : this.#rules.headers
    const all: string[] = []
    for (let at = 0; at < headers.length; at += 2) {
      const [name = '', value = ''] = [headers[at], headers[at + 1]]
      if (!hasName(own, name)) all.push(name, value)
    }
    all.push(...own, 'x-request-id', this.id)
    if (closing.aborted && !hasName(own, 'connection')) all.push('connection', 'close')
    return all
  }

  /**
   * Has `write` run when the answers of this round leave, unless nobody is there any more to read; for an answer that is
   * whole.
   *
   * @param failed  told of what `write` throws
   */
  depart(write: () => void, failed: (thrown: unknown) => void): void {
    this.#rules.departures.add(() => {
      if (this.response.destroyed) return
      try {
        write()
      } catch (thrown) {
        failed(thrown)
      }
    })
  }

  /** Sends an answer whole. */
  send(answer: DirectAnswer, route: string): void {
    const headers = this.head(answer.headers, answer.isOpen)
    const bytes = Buffer.byteLength(answer.body)
    if (answer.status !== 204) headers.push('content-length', String(bytes))
    this.write(answer, bytes, headers, route)
  }

  /**
   * Sends an answer with headers that are complete; nothing, when nobody is there any more to read it.
   *
   * @param bytes  of the body
   */
  write({ status, body }: DirectAnswer, bytes: number, headers: string[], route: string): void {
    const { response } = this
    if (response.destroyed) return
    // Text of as many bytes as characters is ASCII, which needs no encoder.
    response.writeHead(status, headers).end(body, bytes === body.length ? 'latin1' : 'utf8')
    this.answered(route, status)
  }

  /** Tells the listener's observers and its log; for whoever wrote the answer to `response` itself. */
  answered(route: string, status: number): void {
    this.#rules.answered(this, route, status)
  }

  /**
   * Answers with a failure. After one about the body's size nobody reads on, so the connection ends; an answer that has
   * begun cannot be taken back, so it is broken off.
   */
  fail(failure: Failure, route: string): void {
    if (this.response.headersSent) {
      this.response.destroy()
      return
    }
    const { status, headers, body } = renderFailure(failure, {
      accept: this.request.headers.accept,
      requestId: this.id,
      page: this.#rules.errorPage,
    })
    const flat = Object.entries(headers).flat()
    if (status === 413) flat.push('connection', 'close')
    this.send({ status, headers: flat, body }, route)
  }

  get isClosing(): boolean {
    return this.#rules.closing.aborted
  }
}

function hasName(headers: readonly string[], name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return true
  return false
}

/** The values of a header as one (RFC 9110 §5.3). */
function joinedNamed(headers: readonly string[], name: string): string | undefined {
  let joined: string | undefined
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === name) joined = joined === undefined ? headers[at + 1] : `${joined},${headers[at + 1]}`
  }
  return joined
}
