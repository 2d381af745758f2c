import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { ServerOptions as TlsOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import proxyAddr from '@fastify/proxy-addr'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import { silentLog } from '../log.ts'
import { rememberMethods } from './allowed-methods.ts'
import { readBody } from './body.ts'
import { Departures } from './departures.ts'
import { type DirectHandler, type DirectMethod, DirectRoutes, type FailureOf } from './direct.ts'
import type { Exchange } from './exchange.ts'
import { type ErrorPage, type Failure, nothingHere, sendFailure } from './failure.ts'
import { Front } from './front.ts'
import { Gate, turnedAway, type UrgencyOf } from './gate.ts'
import { knownHosts } from './known-hosts.ts'
import { type ListenerLimits, listenerLimits } from './limits.ts'
import { answerMalformed } from './malformed.ts'
import { requestIdOf } from './request-id.ts'
import { headersWithout, notForData, notForOpenData, securityHeaders } from './security-headers.ts'
import { attach, createServers, replaceCertificate } from './servers.ts'
import { closeSockets, openSockets } from './sockets.ts'
import { failureOfThrown } from './thrown.ts'
import { makeObjectsYoung } from './young-objects.ts'

export interface ListenerOptions {
  /** The part that listens, for logs and messages: `authority`. */
  readonly name: string
  /** The public origin, such as `https://auth.example`. Its host name is known; it is never guessed from a request. */
  readonly origin: string
  /** 0 looks for a free one. */
  readonly port: number
  /** Default: both loopback addresses. */
  readonly addresses?: readonly string[]
  /** Host names besides the origin's that are answered; an IPv6 address in brackets. Ports are not compared. */
  readonly hosts?: readonly string[]
  /** Certificate and key; with it the listener speaks https. `requestCert` asks for a client certificate. */
  readonly tls?: TlsOptions
  readonly limits?: Partial<ListenerLimits>
  readonly log?: Log
  /** Addresses of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustProxy?: readonly string[]
  /** The command line's flag for the port, named when it is taken. */
  readonly portFlag?: string
  readonly errorPage?: ErrorPage
  /** Believe an `X-Request-Id` that a part of ours before this one gave. Default: never. */
  readonly trustRequestId?: boolean
  /** What comes first when more requests come than can be answered. Default: nothing but health and metrics. */
  readonly urgencyOf?: UrgencyOf
  /** Answers wait for nobody but this process and its store, so how long the quickest takes tells of its load. Default: they may. */
  readonly answersAlone?: boolean
  /** Makes a span of each request; without one nothing is done for it. */
  readonly trace?: RequestTrace | undefined
}

/** Where the spans of requests come from. */
export interface RequestTrace {
  /** Runs the handling of a request inside its span, which ends with the response. */
  receive(request: IncomingMessage, response: ServerResponse, handle: () => void): void
  /** Says the route's pattern and the request's id, once they are known. */
  name(request: IncomingMessage, route: string, requestId: string): void
}

/** Told of every answer that was handed over, whoever gave it: its method, route (`none` where there is no such), status and duration. */
export type AnswerObserver = (method: string, route: string, status: number, seconds: number) => void

export interface Listener {
  /** Where routes are added. Bodies arrive as `Buffer`, whatever their type: read them with `readForm` or `readJson`. */
  readonly app: FastifyInstance
  /**
   * Adds a route that is answered on node:http, before Fastify sees the request; for the few addresses that are called
   * thousands of times a second. See `DirectRoutes`.
   */
  direct(method: DirectMethod, path: string, handler: DirectHandler): void
  /**
   * Gives a handler every request that was let in and has no direct route, as an `Exchange` on node:http: the listener's
   * rules have been applied (host, target, header counts), nothing of the body was read, nothing was answered. It answers
   * with `exchange.response.writeHead(status, exchange.head(own))` and what follows, then tells `exchange.answered`
   * (`exchange.depart` has an answer that is whole leave with the others of its round); or by
   * `exchange.send` and `exchange.fail` alone; or it returns `false` and leaves the request to Fastify's routes. What goes
   * wrong later it catches itself. `app.inject` does not come by here.
   */
  takeOver(handler: (exchange: Exchange) => boolean): void
  /** Adds an observer of all answers but those to requests that were turned away. */
  onAnswered(observer: AnswerObserver): void
  /** Names the observer of requests that were turned away because of overload. */
  onShed(observer: () => void): void
  /**
   * Opens the sockets.
   * @throws PortTakenError
   */
  listen(): Promise<{ readonly port: number; readonly addresses: readonly string[] }>
  /** Replaces certificate and key without closing anything. */
  replaceCertificate(tls: TlsOptions): void
  /** Is not ready any more, but serves, for `limits.drainMs`. Once, however often it is called. */
  drain(): Promise<void>
  /** Drains, stops taking requests, lets open ones finish, ends the rest after `limits.closeMs`. */
  close(): Promise<void>
}

/** Paths that answer whatever `Host` says: an orchestrator asks by address, and they tell nothing. */
const hostlessPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/**
 * Makes an HTTP listener with what every listener of ours shares: two loopback sockets for one app, limits on every
 * size and time, 421 for a `Host` it does not know (DNS rebinding), security headers, request ids, failures as JSON or
 * page, 400 for malformed HTTP, and an orderly close.
 *
 * @see RFC 9110 §15.5.20 (421), RFC 9112 §3.2 (Host), §6.3 (body length)
 */
export function createListener(options: ListenerOptions): Listener {
  makeObjectsYoung()
  const limits = { ...listenerLimits, ...options.limits }
  const log = (options.log ?? silentLog).child({ listener: options.name })
  const binding = createServers(options.addresses ?? ['127.0.0.1', '::1'], options.tls, limits)
  const { trace } = options
  const closing = new AbortController()
  const draining = new AbortController()
  const headers = securityHeaders(options.origin)
  const observers: AnswerObserver[] = []
  const gate = new Gate(options.urgencyOf, options.answersAlone ?? false, log)
  const front = createFront(options, { gate, limits, headers, closing: closing.signal, observers, log })
  const malformed = (error: Error, socket: Duplex) => answerMalformed(error, socket, on => gate.owes(on))
  const app = fastify({
    serverFactory: handler => {
      const receive: RequestListener = (request, response) => front.receive(request, response, direct, handler)
      return attach(binding, trace === undefined ? receive : traced(receive, trace), malformed, limits)
    },
    clientErrorHandler: malformed,
    frameworkErrors: (error, request, reply) => {
      sendFailure(request, reply.headers(headers), failureOfThrown(error))
    },
    genReqId: request => front.exchangeOf(request)?.id ?? requestIdOf(request, options.trustRequestId === true),
    bodyLimit: limits.bodyBytes,
    trustProxy: options.trustProxy === undefined ? false : [...options.trustProxy],
    return503OnClosing: false,
    // Fastify's 10 s would hold for closing too, which takes as long as `drainMs` and `closeMs` say.
    pluginTimeout: 0,
    exposeHeadRoutes: true,
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
  })
  const failureOf = failuresOf(log)
  app.decorate('errorPage', options.errorPage)
  app.decorate('closing', closing.signal)
  app.decorate('draining', draining.signal)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => {
    readBody(payload, request.headers, request.routeOptions.bodyLimit, done)
  })
  addHooks(app, { front, headers, observers, failureOf, log, trace })
  const direct = new DirectRoutes(app, limits.bodyBytes, failureOf)
  app.addHook('preClose', async () => {
    draining.abort()
    closing.abort()
    await closeSockets(binding, limits)
  })
  let drained: Promise<void> | undefined
  const drain = () => {
    draining.abort()
    drained ??= binding.some(({ server }) => server.listening) ? wait(limits.drainMs) : Promise.resolve()
    return drained
  }
  return {
    app,
    direct: (method, path, handler) => direct.add(method, path, handler),
    takeOver: handler => {
      front.takenOver = handler
    },
    onAnswered: observer => void observers.push(observer),
    onShed: observer => {
      gate.onShed = observer
    },
    listen: async () => {
      await app.ready()
      const opened = await openSockets(binding, options.port, options.portFlag)
      log.info('listening', { port: opened.port, addresses: opened.addresses })
      return opened
    },
    replaceCertificate: tls => replaceCertificate(binding, tls),
    drain,
    close: async () => {
      await drain()
      await app.close()
    },
  }
}

interface FrontParts {
  readonly gate: Gate
  readonly limits: ListenerLimits
  readonly headers: Readonly<Record<string, string>>
  readonly closing: AbortSignal
  readonly observers: readonly AnswerObserver[]
  readonly log: Log
}

function createFront(options: ListenerOptions, { gate, limits, headers, closing, observers, log }: FrontParts): Front {
  const { trustProxy = [], trustRequestId = false, errorPage, trace } = options
  const answered = (exchange: Exchange, route: string, status: number) => {
    const { method, begunMs } = exchange
    const ms = performance.now() - begunMs
    trace?.name(exchange.request, route, exchange.id)
    if (route === turnedAway) return
    for (const observer of observers) observer(method, route, status, ms / 1000)
    // What a success granted is in the audit trail, and its count in the metrics: a line each would cost more than it tells.
    if (status >= 400) log.info('request', { method, route, status, duration_ms: tenths(ms), request_id: exchange.id })
  }
  return new Front(
    gate,
    {
      headers: Object.entries(headers).flat(),
      dataHeaders: headersWithout(headers, notForData),
      openHeaders: headersWithout(headers, notForOpenData),
      trustRequestId,
      trusted: trustProxy.length === 0 ? undefined : proxyAddr.compile([...trustProxy]),
      errorPage,
      closing,
      departures: new Departures(trace !== undefined),
      answered,
    },
    {
      isOurs: knownHosts([new URL(options.origin).hostname, ...(options.hosts ?? [])]),
      hostlessPaths,
      headerCount: limits.headerCount,
    },
    log,
  )
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10

function traced(receive: RequestListener, trace: RequestTrace): RequestListener {
  return (request, response) => trace.receive(request, response, () => receive(request, response))
}

/** Routes of ours judge their input by themselves, so Fastify's two schema compilers (8 MB) are never loaded. */
function noCompiler(): never {
  throw new TypeError('a listener compiles no schemas: judge the input in the route')
}

/** Log a throw that is our fault with its cause, of which the answer says nothing. */
function failuresOf(log: Log): FailureOf {
  return (thrown, route, requestId) => {
    const failure = failureOfThrown(thrown)
    if (failure.status >= 500) {
      const stack = thrown instanceof Error ? thrown.stack : undefined
      log.error('request_failed', { request_id: requestId, route, cause: thrown, stack })
    }
    return failure
  }
}

interface HookParts {
  readonly front: Front
  readonly headers: Readonly<Record<string, string>>
  readonly observers: readonly AnswerObserver[]
  readonly failureOf: FailureOf
  readonly log: Log
  readonly trace: RequestTrace | undefined
}

function addHooks(app: FastifyInstance, { front, headers, observers, failureOf, log, trace }: HookParts): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id)
    if (front.exchangeOf(request.raw) !== undefined) return done()
    const failure = front.admit(request.raw, request)
    if (failure === undefined) return done()
    sendFailure(request, reply, failure)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id: request_id } = request
    const { statusCode: status, elapsedTime } = reply
    const route = request.routeOptions.url ?? 'none'
    trace?.name(request.raw, route, request_id)
    for (const observer of observers) observer(method, route, status, elapsedTime / 1000)
    log.info('request', { method, route, status, duration_ms: tenths(elapsedTime), request_id })
    done()
  })
  const methodsOf = rememberMethods(app)
  app.setNotFoundHandler((request, reply) => sendFailure(request, reply, missing(methodsOf(request.url))))
  app.setErrorHandler((error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendFailure(request, reply, failureOf(error, request.routeOptions.url, request.id)),
  )
}

function missing(methods: readonly string[]): Failure {
  if (methods.length === 0) return nothingHere
  const allow = methods.join(', ')
  const description = `This address takes ${allow} only.`
  return { status: 405, error: 'invalid_request', reason: 'method_not_allowed', description, headers: { allow } }
}
