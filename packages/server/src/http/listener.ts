import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import { silentLog } from '../log.ts'
import { rememberMethods } from './allowed-methods.ts'
import { type ErrorPage, type Failure, nothingHere, sendFailure } from './failure.ts'
import { parseHost } from './host.ts'
import { type ListenerLimits, listenerLimits } from './limits.ts'
import { answerMalformed } from './malformed.ts'
import { securityHeaders } from './security-headers.ts'
import { type Binding, closeSockets, openSockets } from './sockets.ts'
import { judgeTarget, type TargetRules } from './target.ts'
import { failureOfThrown } from './thrown.ts'

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
}

export interface Listener {
  /** Where routes are added. Bodies arrive as `Buffer`, whatever their type: read them with `readForm` or `readJson`. */
  readonly app: FastifyInstance
  /**
   * Opens the sockets.
   * @throws PortTakenError
   */
  listen(): Promise<{ readonly port: number; readonly addresses: readonly string[] }>
  /** Replaces certificate and key without closing anything. */
  replaceCertificate(tls: TlsOptions): void
  /** Stops taking requests, lets open ones finish, ends the rest after `limits.closeMs`. */
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
  const limits = { ...listenerLimits, ...options.limits }
  const log = (options.log ?? silentLog).child({ listener: options.name })
  const addresses = options.addresses ?? ['127.0.0.1', '::1']
  const binding: Binding = addresses.map(address => ({ address, server: createOne(options.tls, limits) }))
  const closing = new AbortController()
  const headers = securityHeaders(options.origin)
  const app = fastify({
    serverFactory: handler => attach(binding, handler, limits),
    clientErrorHandler: answerMalformed,
    frameworkErrors: (error, request, reply) => {
      sendFailure(request, reply.headers(headers), failureOfThrown(error))
    },
    genReqId: request => requestId(request, options.trustRequestId === true),
    bodyLimit: limits.bodyBytes,
    trustProxy: options.trustProxy === undefined ? false : [...options.trustProxy],
    return503OnClosing: false,
    exposeHeadRoutes: true,
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
  })
  app.decorate('errorPage', options.errorPage)
  app.decorate('closing', closing.signal)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  addHooks(app, options, limits, headers, log)
  app.addHook('preClose', async () => {
    closing.abort()
    await closeSockets(binding, limits.closeMs)
  })
  return {
    app,
    listen: async () => {
      await app.ready()
      const opened = await openSockets(binding, options.port, options.portFlag)
      log.info('listening', { port: opened.port, addresses: opened.addresses })
      return opened
    },
    replaceCertificate: tls => replaceCertificate(binding, tls),
    close: () => app.close(),
  }
}

/** Routes of ours judge their input by themselves, so Fastify's two schema compilers (8 MB) are never loaded. */
function noCompiler(): never {
  throw new TypeError('a listener compiles no schemas: judge the input in the route')
}

function addHooks(
  app: FastifyInstance,
  options: ListenerOptions,
  limits: ListenerLimits,
  headers: Readonly<Record<string, string>>,
  log: Log,
): void {
  const rules: TargetRules = { hosts: knownHosts(options), hostlessPaths, headerCount: limits.headerCount }
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id)
    const failure = judgeTarget(request.raw, rules)
    if (failure === undefined) return done()
    log.warn('host_refused', { reason: failure.reason, request_id: request.id })
    sendFailure(request, reply, failure)
  })
  app.addHook('onResponse', (request, reply, done) => {
    log.info('request', {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      request_id: request.id,
    })
    done()
  })
  const methodsOf = rememberMethods(app)
  app.setNotFoundHandler((request, reply) => sendFailure(request, reply, missing(methodsOf(request.url))))
  app.setErrorHandler((error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const failure = failureOfThrown(error)
    if (failure.status >= 500) {
      const stack = error instanceof Error ? error.stack : undefined
      log.error('request_failed', { request_id: request.id, route: request.routeOptions.url, cause: error, stack })
    }
    return sendFailure(request, reply, failure)
  })
}

function missing(methods: readonly string[]): Failure {
  if (methods.length === 0) return nothingHere
  const allow = methods.join(', ')
  const description = `This address takes ${allow} only.`
  return { status: 405, error: 'invalid_request', reason: 'method_not_allowed', description, headers: { allow } }
}

function knownHosts(options: ListenerOptions): ReadonlySet<string> {
  const names = [new URL(options.origin).hostname, ...(options.hosts ?? [])]
  return new Set(names.map(name => parseHost(name)?.hostname ?? unusableHost(name)))
}

function unusableHost(name: string): never {
  throw new RangeError(`${JSON.stringify(name)} is not a host name (an IPv6 address needs brackets)`)
}

function createOne(tls: TlsOptions | undefined, limits: ListenerLimits): Server {
  const http: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
    requireHostHeader: true,
    insecureHTTPParser: false,
    noDelay: true,
  }
  if (tls === undefined) return createServer(http)
  return createTlsServer({ minVersion: 'TLSv1.2', handshakeTimeout: limits.headersMs, ...tls, ...http })
}

function attach(binding: Binding, handler: RequestListener, limits: ListenerLimits): Server {
  const [first, ...others] = binding
  if (first === undefined) throw new RangeError('a listener needs an address')
  for (const { server } of binding) {
    server.maxConnections = limits.connections
    server.maxRequestsPerSocket = limits.requestsPerConnection
    // Node drops what is over the count in silence, so it may keep one more, by which `judgeTarget` sees it.
    server.maxHeadersCount = limits.headerCount + 1
    server.setTimeout(limits.stalledMs)
    server.on('request', handler)
  }
  // Fastify answers the first server's malformed requests through `clientErrorHandler`.
  for (const { server } of others) server.on('clientError', answerMalformed)
  return first.server
}

function replaceCertificate(binding: Binding, tls: TlsOptions): void {
  for (const { server } of binding) {
    if ('setSecureContext' in server && typeof server.setSecureContext === 'function') server.setSecureContext(tls)
  }
}

function requestId(request: IncomingMessage, trusted: boolean): string {
  const given = request.headers['x-request-id']
  if (trusted && typeof given === 'string' && /^[\w-]{8,64}$/.test(given)) return given
  // Node draws the randomness of many of them at a time.
  return randomUUID().replaceAll('-', '').slice(0, 24)
}
