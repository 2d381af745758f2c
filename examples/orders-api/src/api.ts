import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { PartTracer } from '@sallyport/guard'
import Fastify, { type FastifyInstance } from 'fastify'
import { openapi } from './contract.ts'
import { answerMalformed } from './malformed.ts'
import { problemOf, sendProblem } from './problem.ts'
import { type Parts, registerRoutes } from './routes.ts'
import { parseStrictJson } from './strict-json.ts'

export interface ApiOptions extends Parts {
  /** The hosts this service is called by, with their ports; any other is answered 421 (DNS rebinding). */
  readonly hosts: ReadonlySet<string>
  /** Makes a span of each request. */
  readonly trace?: Pick<PartTracer, 'receive' | 'name'>
  readonly onError: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

const BODY_LIMIT_BYTES = 16_384
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/

/** The service as a Fastify app, not listening yet. */
export async function ordersApi(options: ApiOptions): Promise<FastifyInstance> {
  const { protect, orders, hosts, onError } = options
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    genReqId: requestId,
    clientErrorHandler: answerMalformed,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
    frameworkErrors: (error, request, reply) => sendProblem(request, reply.headers(HEADERS), problemOf(error)),
  })
  if (options.trace !== undefined) spanRequests(app, options.trace)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseStrictJson(Buffer.from(body)))
    } catch (error) {
      done(Object.assign(error instanceof Error ? error : new Error('The body cannot be read.'), { statusCode: 400 }))
    }
  })
  app.setErrorHandler<Error>((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) onError('request_failed', { request_id: request.id, stack: error.stack })
    return sendProblem(request, reply, problem)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, { status: 404, code: 'no_such_route', title: 'There is nothing here.' }),
  )
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...HEADERS, 'x-request-id': request.id })
    const problem = isAmbiguous(request.raw) ? AMBIGUOUS : hosts.has(request.host) ? undefined : UNKNOWN_HOST
    if (problem === undefined) done()
    else sendProblem(request, reply, problem)
  })
  app.addHook('preValidation', (request, reply, done) => {
    const takesNoBody = !request.is404 && request.routeOptions.schema?.body === undefined && request.body !== undefined
    if (!takesNoBody) done()
    else sendProblem(request, reply, { status: 400, code: 'invalid_input', title: 'This operation takes no body.' })
  })
  await app.register(protect.plugin)
  registerRoutes(app, options)
  app.get('/openapi.json', () => openapi)
  app.get('/livez', () => ({ status: 'live' }))
  app.get('/readyz', (_request, reply) => {
    const { feed } = protect.state()
    orders.find('readyz')
    return reply.code(feed === 'silent' ? 503 : 200).send({ status: feed === 'silent' ? 'not_ready' : 'ready', feed })
  })
  app.get('/metrics', (_request, reply) => reply.type('text/plain; version=0.0.4').send(protect.metrics()))
  app.addHook('onClose', () => options.access.close())
  return app
}

const UNKNOWN_HOST = { status: 421, code: 'unknown_host', title: 'This host is not served here.' }
const AMBIGUOUS = {
  status: 400,
  code: 'malformed',
  title: 'The request cannot be read.',
  detail: 'Send one Host and a path, with HTTP/1.1.',
}

/** Whether a request names its host more than once, in its target too, or in no version that has one (RFC 9112 §3.2). */
function isAmbiguous({ rawHeaders, url = '', httpVersion }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
  return hosts > 1 || !url.startsWith('/') || !httpVersion.startsWith('1.')
}

/** The gateway's request id goes on, so that one search finds every line of a request; odd ones are replaced. */
function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

function spanRequests(app: FastifyInstance, trace: NonNullable<ApiOptions['trace']>): void {
  app.addHook('onRequest', (request, reply, done) => trace.receive(request.raw, reply.raw, done))
  app.addHook('onResponse', (request, _reply, done) => {
    trace.name(request.raw, request.routeOptions.url ?? 'none', request.id)
    done()
  })
}
