import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'
import type { Exchange } from '@sallyport/server'
import type { Dispatcher } from 'undici'
import type { GatewayLimits } from '../options.ts'
import { type GatewayRefusal, problem } from '../problem.ts'
import { forwardedHeader, headersForService } from '../rules/forwarded-headers.ts'
import type { Verdict } from '../verdict.ts'
import { CarriedAnswer } from './carried-answer.ts'
import { hasBody, send } from './exchange.ts'
import { isTooLarge, limitedBody, readWhole } from './limited-body.ts'
import { codeOf, type Upstreams, upstreamFailure } from './upstreams.ts'

type Forward = Extract<Verdict, { kind: 'forward' }>

export interface ProxyParts {
  readonly upstreams: Upstreams
  readonly limits: GatewayLimits
  /** This listener's public origin, said inside as `Forwarded`. */
  readonly origin: string
  readonly onFailure: (refusal: GatewayRefusal, exchange: Exchange) => void
}

/** Bodies of a declared size up to this are read before they are sent, so that a slow caller holds no connection inside. */
const wholeBytes = 65_536

/** Carries requests that passed inside, and their answers out. */
export function proxy(parts: ProxyParts): (verdict: Forward, exchange: Exchange) => void {
  const { protocol, host } = new URL(parts.origin)
  const via = { proto: protocol.slice(0, -1), host }
  return (verdict, exchange) => {
    const { request, response } = exchange
    // Whoever broke off while the request was judged has nothing to wait for.
    if (response.destroyed) return
    const headers = headersInside(verdict, exchange, via)
    if (!hasBody(request)) return ask(parts, verdict, exchange, { headers })
    const declared = request.headers['content-length']
    if (declared === undefined) return ask(parts, verdict, exchange, { headers, body: streamed(request, parts) })
    const length = Number(declared)
    if (length > parts.limits.bodyBytes) return fail(parts, 'body_too_large', `${length} bytes`, verdict, exchange)
    headers.push('content-length', declared)
    if (length > wholeBytes) return ask(parts, verdict, exchange, { headers, body: streamed(request, parts) })
    readWhole(request, body => ask(parts, verdict, exchange, { headers, body }))
  }
}

type Sent = Pick<Dispatcher.DispatchOptions, 'headers' | 'body'>

function ask(parts: ProxyParts, verdict: Forward, exchange: Exchange, sent: Sent): void {
  const { request, response } = exchange
  const pool = parts.upstreams.of(verdict.origin)
  const { method } = request
  const options = { ...sent, path: verdict.path, method: method as Dispatcher.HttpMethod }
  const failed = (error: unknown) => {
    if (sent.body instanceof Transform) sent.body.destroy()
    fail(parts, isTooLarge(error) ? 'body_too_large' : upstreamFailure(error), codeOf(error), verdict, exchange)
  }
  const brokeOff = (error: unknown) => {
    parts.onFailure({ refused: upstreamFailure(error), got: `${codeOf(error)} in the middle of an answer` }, exchange)
    response.destroy()
  }
  const safe = sent.body === undefined && (method === 'GET' || method === 'HEAD')
  const own = verdict.headers
  const attempt = (again: (() => void) | undefined) =>
    void pool.dispatch(options, new CarriedAnswer(exchange, { own, route: routeOf(verdict), again, failed, brokeOff }))
  attempt(safe ? () => attempt(undefined) : undefined)
}

function streamed(request: IncomingMessage, { limits }: ProxyParts) {
  const body = request.pipe(limitedBody(limits.bodyBytes))
  request.once('close', () => {
    if (!request.readableEnded) body.destroy(new Error('the caller broke off'))
  })
  // The next request stands behind what nobody inside takes any more.
  body.once('close', () => request.resume())
  // Who sends it inside has stopped listening once there is an answer, and an error without a listener ends the process.
  body.on('error', () => undefined)
  return body
}

/** What the service gets to read: the caller's headers without what it would believe, and what the gateway knows. */
function headersInside(
  verdict: Forward,
  { request, address, id }: Exchange,
  via: { readonly proto: string; readonly host: string },
): string[] {
  const headers = headersForService(request.rawHeaders)
  headers.push('forwarded', forwardedHeader(address, via))
  headers.push('via', '1.1 sallyport', 'x-request-id', id)
  if (verdict.token !== undefined) headers.push('authorization', `Bearer ${verdict.token}`)
  return headers
}

function fail(
  parts: ProxyParts,
  refused: GatewayRefusal['refused'],
  got: string,
  verdict: Forward,
  exchange: Exchange,
): void {
  parts.onFailure({ refused, got }, exchange)
  const { response } = exchange
  // Where a body is still on its way in, nobody could say where the next request begins.
  const close = refused === 'body_too_large' ? { connection: 'close' } : undefined
  if (response.destroyed || response.headersSent) return
  send(exchange, problem({ refused }, exchange.id, { ...verdict.headers, ...close }), routeOf(verdict))
}

/** What requests are counted and traced under: never an address of a caller's own choice. */
function routeOf({ route: { prefix } }: Forward): string {
  return prefix === '/' ? '/*' : `${prefix}/*`
}
