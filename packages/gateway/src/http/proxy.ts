import type { IncomingMessage } from 'node:http'
import type { Dispatcher } from 'undici'
import type { GatewayLimits } from '../options.ts'
import { type GatewayRefusal, problem } from '../problem.ts'
import { headersForService } from '../rules/forwarded-headers.ts'
import type { Verdict } from '../verdict.ts'
import { CarriedAnswer } from './carried-answer.ts'
import { isTooLarge, limitedBody, readWhole } from './limited-body.ts'
import { hasBody, type Passage, sendAnswer } from './passage.ts'
import { codeOf, type Upstreams, upstreamFailure } from './upstreams.ts'

type Forward = Extract<Verdict, { kind: 'forward' }>

export interface ProxyParts {
  readonly upstreams: Upstreams
  readonly limits: GatewayLimits
  /** This listener's public origin, said inside as `Forwarded`. */
  readonly origin: string
  readonly onFailure: (refusal: GatewayRefusal, passage: Passage) => void
}

/** Bodies of a declared size up to this are read before they are sent, so that a slow caller holds no connection inside. */
const wholeBytes = 65_536

/** Carries requests that passed inside, and their answers out. */
export function proxy(parts: ProxyParts): (verdict: Forward, passage: Passage) => void {
  const { protocol, host } = new URL(parts.origin)
  const via = { proto: protocol.slice(0, -1), host }
  return (verdict, passage) => {
    const { request, response } = passage
    // Whoever broke off while the request was judged has nothing to wait for.
    if (response.destroyed) return
    const headers = headersInside(verdict, passage, via)
    if (!hasBody(request)) return ask(parts, verdict, passage, { headers })
    const declared = request.headers['content-length']
    if (declared === undefined) return ask(parts, verdict, passage, { headers, body: streamed(request, parts) })
    const length = Number(declared)
    if (length > parts.limits.bodyBytes) return fail(parts, 'body_too_large', `${length} bytes`, verdict, passage)
    headers.push('content-length', declared)
    if (length > wholeBytes) return ask(parts, verdict, passage, { headers, body: streamed(request, parts) })
    readWhole(request, body => ask(parts, verdict, passage, { headers, body }))
  }
}

type Sent = Pick<Dispatcher.DispatchOptions, 'headers' | 'body'>

function ask(parts: ProxyParts, verdict: Forward, passage: Passage, sent: Sent): void {
  const { request, response } = passage
  const pool = parts.upstreams.of(verdict.origin)
  const { method } = request
  const options = { ...sent, path: verdict.path, method: method as Dispatcher.HttpMethod }
  const failed = (error: unknown) =>
    fail(parts, isTooLarge(error) ? 'body_too_large' : upstreamFailure(error), codeOf(error), verdict, passage)
  const brokeOff = (error: unknown) => {
    parts.onFailure({ refused: upstreamFailure(error), got: `${codeOf(error)} in the middle of an answer` }, passage)
    response.destroy()
  }
  const safe = sent.body === undefined && (method === 'GET' || method === 'HEAD')
  const own = verdict.headers
  const attempt = (again: (() => void) | undefined) =>
    void pool.dispatch(options, new CarriedAnswer(passage, { own, again, failed, brokeOff }))
  attempt(safe ? () => attempt(undefined) : undefined)
}

function streamed(request: IncomingMessage, { limits }: ProxyParts) {
  const body = request.pipe(limitedBody(limits.bodyBytes))
  request.once('close', () => {
    if (!request.readableEnded) body.destroy(new Error('the caller broke off'))
  })
  return body
}

/** What the service gets to read: the caller's headers without what it would believe, and what the gateway knows. */
function headersInside(
  verdict: Forward,
  { request, address, requestId }: Passage,
  via: { readonly proto: string; readonly host: string },
): string[] {
  const headers = headersForService(request.rawHeaders)
  const from = address.includes(':') ? `"[${address}]"` : address
  headers.push('forwarded', `for=${from};proto=${via.proto};host="${via.host}"`)
  headers.push('via', '1.1 sallyport', 'x-request-id', requestId)
  if (verdict.token !== undefined) headers.push('authorization', `Bearer ${verdict.token}`)
  return headers
}

function fail(
  parts: ProxyParts,
  refused: GatewayRefusal['refused'],
  got: string,
  verdict: Forward,
  passage: Passage,
): void {
  parts.onFailure({ refused, got }, passage)
  const { response } = passage
  // Where a body is still on its way in, nobody could say where the next request begins.
  const close = refused === 'body_too_large' ? { connection: 'close' } : undefined
  if (response.destroyed || response.headersSent) return
  sendAnswer(passage, problem({ refused }, passage.requestId, { ...verdict.headers, ...close }))
}
