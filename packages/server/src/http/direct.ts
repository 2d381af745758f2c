import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { announcesBody, readBody } from './body.ts'
import type { DirectAnswer, DirectRequest, Exchange } from './exchange.ts'
import type { Failure } from './failure.ts'
import { isData, notForData, notForOpenData } from './security-headers.ts'

export type DirectMethod = 'GET' | 'POST' | 'OPTIONS' | 'PUT' | 'PATCH' | 'DELETE'

/** Takes a request as it arrived and answers it whole. It knows nothing of sockets; what it throws becomes a 500. */
export type DirectHandler = (request: DirectRequest) => DirectAnswer | Promise<DirectAnswer>

/** What is answered for something thrown, which it also tells the log. */
export type FailureOf = (thrown: unknown, route: string | undefined, requestId: string) => Failure

/** How Fastify reads these is known to the byte; whoever spells a type otherwise goes its way, to the same handler. */
const usualTypes: ReadonlySet<string | undefined> = new Set([
  undefined,
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded;charset=utf-8',
  'application/x-www-form-urlencoded;charset=UTF-8',
  'application/json',
  'application/json; charset=utf-8',
])

/**
 * The addresses of a listener that programs call thousands of times a second, answered on node:http before Fastify sees
 * the request: found by exact path, no hooks, no reply object. Each is a route of Fastify as well, with the same handler:
 * an odd spelling of path or type, a method without a handler and `app.inject` come to it there.
 */
export class DirectRoutes {
  readonly #routes = new Map<string, Map<string, DirectRoute>>()
  readonly #app: FastifyInstance
  readonly #maxBytes: number
  readonly #failureOf: FailureOf

  /** @param maxBytes  of a body */
  constructor(app: FastifyInstance, maxBytes: number, failureOf: FailureOf) {
    this.#app = app
    this.#maxBytes = maxBytes
    this.#failureOf = failureOf
  }

  /** Adds a handler; one for GET answers HEAD too. */
  add(method: DirectMethod, path: string, handler: DirectHandler): void {
    const methods = this.#routes.get(path) ?? new Map<string, DirectRoute>()
    this.#routes.set(path, methods)
    const route = new DirectRoute(path, handler)
    methods.set(method, route)
    if (method === 'GET') methods.set('HEAD', route)
    this.#app.route({ method, url: path, handler: (request, reply) => answerThrough(handler, request, reply) })
  }

  /** Answers a request that has a direct route; `false` leaves it to whoever comes next. */
  answer(exchange: Exchange): boolean {
    const { method, url } = exchange
    const query = url.indexOf('?')
    const route = this.#routes.get(query < 0 ? url : url.slice(0, query))?.get(method)
    if (route === undefined) return false
    if (method === 'GET' || method === 'HEAD') {
      this.#run(route, exchange)
      return true
    }
    const { headers } = exchange
    if (method !== 'POST') {
      if (announcesBody(headers)) return false
      this.#run(route, exchange)
      return true
    }
    if (!usualTypes.has(headers['content-type'])) return false
    readBody(exchange.request, headers, this.#maxBytes, (error, body) => {
      exchange.body = body
      if (error === null) this.#run(route, exchange)
      else if (!exchange.request.destroyed) this.#fail(error, route, exchange)
    })
    return true
  }

  #run(route: DirectRoute, exchange: Exchange): void {
    try {
      const answer = route.handler(exchange)
      if (answer instanceof Promise)
        answer.then(
          late => this.#sendSoon(late, route, exchange),
          (error: unknown) => this.#fail(error, route, exchange),
        )
      else this.#sendSoon(answer, route, exchange)
    } catch (error) {
      this.#fail(error, route, exchange)
    }
  }

  #sendSoon(answer: DirectAnswer, route: DirectRoute, exchange: Exchange): void {
    exchange.depart(
      () => route.send(answer, exchange),
      thrown => this.#fail(thrown, route, exchange),
    )
  }

  #fail(error: unknown, route: DirectRoute, exchange: Exchange): void {
    exchange.fail(this.#failureOf(error, route.path, exchange.id), route.path)
  }
}

/** One address and method; it remembers the last headers it put together with the listener's. */
class DirectRoute {
  readonly path: string
  readonly handler: DirectHandler
  #own: readonly string[] | undefined
  #head: string[] = []

  constructor(path: string, handler: DirectHandler) {
    this.path = path
    this.handler = handler
  }

  send(answer: DirectAnswer, exchange: Exchange): void {
    if (answer.status === 204 || exchange.isClosing) {
      exchange.send(answer, this.path)
      return
    }
    if (answer.headers !== this.#own) {
      this.#head = [...exchange.head(answer.headers, answer.isOpen), 'content-length', '0']
      this.#own = answer.headers
    }
    // node:http has written them out when `writeHead` returns, so the same array serves the next request.
    const last = this.#head.length - 1
    const bytes = Buffer.byteLength(answer.body)
    this.#head[last - 2] = exchange.id
    this.#head[last] = String(bytes)
    exchange.write(answer, bytes, this.#head, this.path)
  }
}

async function answerThrough(
  handler: DirectHandler,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { method, headers, id, ip } = request
  const { url = '/', rawHeaders } = request.raw
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
  const answer = await handler({ method, url, headers, rawHeaders, body, id, address: ip ?? '' })
  for (let at = 0; at + 1 < answer.headers.length; at += 2)
    reply.header(answer.headers[at] ?? '', answer.headers[at + 1])
  if (isData(String(reply.getHeader('content-type'))))
    for (const name of answer.isOpen === true ? notForOpenData : notForData) reply.removeHeader(name)
  return reply.code(answer.status).send(answer.status === 204 ? undefined : answer.body)
}
