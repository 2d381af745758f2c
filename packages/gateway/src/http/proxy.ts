import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Agent, Dispatcher } from 'undici'
import type { GatewayLimits } from '../options.ts'
import { type GatewayRefusal, problem } from '../problem.ts'
import { headersForCaller, headersForService } from '../rules/forwarded-headers.ts'
import type { Verdict } from '../verdict.ts'
import { BodyTooLargeError, limitedBody } from './limited-body.ts'
import { codeOf, isStaleConnection, upstreamFailure } from './upstreams.ts'

type Forward = Extract<Verdict, { kind: 'forward' }>

export interface ProxyParts {
  readonly agent: Agent
  readonly limits: GatewayLimits
  /** This listener's public origin, said inside as `Forwarded`. */
  readonly origin: string
  readonly onFailure: (refusal: GatewayRefusal, request: FastifyRequest) => void
}

/**
 * Carries a request inside and its answer out, both as streams: neither is ever whole in memory, and each side waits for
 * the slower one. A caller that goes away ends the request inside.
 */
export async function forward(
  parts: ProxyParts,
  verdict: Forward,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // Whoever broke off while the request was judged has nothing to wait for.
  if (reply.raw.destroyed) return reply.hijack()
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > parts.limits.bodyBytes)
    return refuse(parts, 'body_too_large', `${declared} bytes`, verdict, request, reply)
  try {
    const answer = await ask(parts, verdict, request, gone.signal)
    return reply.code(answer.statusCode).headers(headersOutside(answer.headers, verdict.headers)).send(answer.body)
  } catch (error) {
    if (gone.signal.aborted) return reply.hijack()
    const refused = isTooLarge(error) ? 'body_too_large' : upstreamFailure(error)
    return refuse(parts, refused, codeOf(error), verdict, request, reply)
  }
}

async function ask(
  parts: ProxyParts,
  verdict: Forward,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const url = new URL(verdict.url)
  const options: Dispatcher.RequestOptions = {
    origin: url.origin,
    path: verdict.url.slice(url.origin.length) || '/',
    method: request.method as Dispatcher.HttpMethod,
    headers: headersInside(parts, verdict, request),
    signal,
  }
  if (hasBody(request)) {
    const body = request.raw.pipe(limitedBody(parts.limits.bodyBytes))
    request.raw.once('close', () => {
      if (!request.raw.readableEnded) body.destroy(new Error('the caller broke off'))
    })
    return parts.agent.request({ ...options, body })
  }
  try {
    return await parts.agent.request(options)
  } catch (error) {
    const safe = request.method === 'GET' || request.method === 'HEAD'
    if (!safe || signal.aborted || !isStaleConnection(error)) throw error
    return parts.agent.request(options)
  }
}

/** What the service gets to read: the caller's headers without what it would believe, and what the gateway knows. */
function headersInside(parts: ProxyParts, verdict: Forward, request: FastifyRequest): string[] {
  const headers = headersForService(request.raw.rawHeaders)
  const { protocol, host } = new URL(parts.origin)
  const from = request.ip.includes(':') ? `"[${request.ip}]"` : request.ip
  headers.push('forwarded', `for=${from};proto=${protocol.slice(0, -1)};host="${host}"`)
  headers.push('via', '1.1 sallyport', 'x-request-id', request.id)
  if (verdict.token !== undefined) headers.push('authorization', `Bearer ${verdict.token}`)
  const length = request.headers['content-length']
  if (length !== undefined && hasBody(request)) headers.push('content-length', length)
  return headers
}

/** The service's headers with the gateway's own; what the answer varies by is what either says (RFC 9110 §12.5.5). */
function headersOutside(
  inside: Dispatcher.ResponseData['headers'],
  own: Forward['headers'],
): Record<string, string | string[]> {
  const kept = headersForCaller(inside)
  const vary = [kept.vary ?? [], own.vary ?? []].flat()
  return { ...kept, ...own, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) }
}

/** Whether a body follows (RFC 9112 §6.3). */
export function hasBody(request: FastifyRequest): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function isTooLarge(error: unknown): boolean {
  return error instanceof BodyTooLargeError || (error instanceof Error && error.cause instanceof BodyTooLargeError)
}

function refuse(
  parts: ProxyParts,
  refused: GatewayRefusal['refused'],
  got: string,
  verdict: Forward,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  parts.onFailure({ refused, got }, request)
  const answer = problem({ refused }, request.id, verdict.headers)
  if (refused === 'body_too_large') reply.header('connection', 'close')
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
