import type { IncomingMessage } from 'node:http'
import { type Answer, NodeRequest } from '@sallyport/guard'
import type { Exchange } from '@sallyport/server'
import { type GatewayRefusal, problem } from '../problem.ts'
import { forwardedHeader } from '../rules/forwarded-headers.ts'
import { type OriginalRequest, type ProxyKind, readOriginalRequest } from '../rules/original-request.ts'
import { headersToRemove, unstrippable } from '../rules/proxy-headers.ts'
import type { Edge, EdgeRequest, judge, Verdict } from '../verdict.ts'
import { carriedAnswer, readCarriedAnswer } from './answer-in-a-header.ts'
import { send } from './exchange.ts'
import type { IsProxy } from './trusted-proxy.ts'

export interface DecisionParts {
  readonly judge: typeof judge
  readonly edge: Edge
  readonly kind: ProxyKind
  readonly isProxy: IsProxy
  /** Public origin of the proxy, said to its service as `Forwarded`. */
  readonly origin: string
  readonly onRefusal: (refusal: GatewayRefusal, exchange: Exchange) => void
  readonly onVerdict: (verdict: Verdict) => void
  readonly onThrown: (error: unknown, exchange: Exchange) => Answer
}

/** The route that answers are counted under. */
const route = '/decide'

/**
 * Answers the questions of another proxy: may this request go inside, and with which token? The verdict is the built-in
 * proxy's own. Whatever is not from the configured proxy, or says what it asks about in two ways, is refused.
 *
 * - To nginx (`auth_request`): 200 with the headers for its service, or 403 with the answer for the caller in
 *   `X-Sallyport-Answer`, which nginx sends back to `/answer` to have it spelled out, for it can pass on nothing else.
 * - To Envoy (`ext_authz` over HTTP): 200 with the headers for its service and those to take away, or the caller's answer.
 *
 * @returns whether the request was one of these; others are left to the listener's routes
 */
export function decisions(parts: DecisionParts): (exchange: Exchange) => boolean {
  const { protocol, host } = new URL(parts.origin)
  const via = { proto: protocol.slice(0, -1), host }
  const spell = parts.kind === 'nginx' ? spellForNginx : spellForEnvoy
  return exchange => {
    const { url } = exchange
    const asksToSpell = parts.kind === 'nginx' && url === '/answer'
    if (!url.startsWith(route) && !asksToSpell) return false
    try {
      if (!parts.isProxy(exchange.request)) refuse(parts, exchange, { refused: 'proxy_unknown' })
      else if (asksToSpell) spellOut(parts, exchange)
      else decide(parts, exchange, via, spell)
    } catch (error) {
      send(exchange, parts.onThrown(error, exchange), route)
    }
    return true
  }
}

type Via = { readonly proto: string; readonly host: string }
type Spell = (answer: Answer, exchange: Exchange) => void

function decide(parts: DecisionParts, exchange: Exchange, via: Via, spell: Spell): void {
  const original = readQuestion(parts.kind, exchange)
  if ('refused' in original) {
    refuse(parts, exchange, original, spell)
    return
  }
  const settle = (verdict: Verdict): void => {
    parts.onVerdict(verdict)
    if (verdict.kind === 'answer') spell(verdict.answer, exchange)
    else
      exchange.depart(
        () => letThrough(parts.kind, verdict, original, exchange, via),
        thrown => send(exchange, parts.onThrown(thrown, exchange), route),
      )
  }
  const verdict = parts.judge(parts.edge, new AskedAbout(exchange.request, exchange.id, original))
  if (verdict instanceof Promise) {
    verdict.then(settle).catch((error: unknown) => send(exchange, parts.onThrown(error, exchange), route))
  } else settle(verdict)
}

function readQuestion(kind: ProxyKind, exchange: Exchange): OriginalRequest | GatewayRefusal {
  const original = readOriginalRequest(kind, exchange)
  if (kind !== 'nginx' || 'refused' in original) return original
  const got = unstrippable(exchange.rawHeaders)
  return got === undefined ? original : { refused: 'header_not_taken', rule: 'RFC 9700 §4.13', got }
}

/** What goes to the proxy's service, and what to its caller beside the service's answer. */
function letThrough(
  kind: ProxyKind,
  { token, headers }: Extract<Verdict, { kind: 'forward' }>,
  { address }: OriginalRequest,
  exchange: Exchange,
  via: Via,
): void {
  const flat = ['content-length', '0', 'x-request-id', exchange.id, 'forwarded', forwardedHeader(address, via)]
  if (token !== undefined) flat.push('authorization', `Bearer ${token}`)
  if (kind === 'envoy') {
    const remove = headersToRemove(exchange.rawHeaders, token !== undefined)
    if (remove !== '') flat.push('x-envoy-auth-headers-to-remove', remove)
  }
  for (const name in headers) flat.push(name, headers[name] ?? '')
  exchange.response.writeHead(200, flat).end()
  exchange.answered(route, 200)
}

const spellForEnvoy: Spell = (answer, exchange) => send(exchange, answer, route)

/**
 * nginx passes on 401 and 403 alone, the former with a challenge that would stand there twice once the answer is spelled
 * out. And a success that is no permission, such as a preflight's answer, must not look like one.
 */
const spellForNginx: Spell = (answer, exchange) =>
  send(exchange, { status: 403, headers: { 'x-sallyport-answer': carriedAnswer(answer) }, body: '' }, route)

function spellOut(parts: DecisionParts, exchange: Exchange): void {
  const { 'x-sallyport-answer': given } = exchange.headers
  const answer = typeof given === 'string' ? readCarriedAnswer(given) : undefined
  const expected = 'one answer of this service in X-Sallyport-Answer'
  if (answer === undefined) refuse(parts, exchange, { refused: 'question_malformed', expected, got: 'none' })
  else send(exchange, answer, route)
}

function refuse(parts: DecisionParts, exchange: Exchange, refusal: GatewayRefusal, spell: Spell = spellForEnvoy): void {
  parts.onRefusal(refusal, exchange)
  spell(problem(refusal, exchange.id), exchange)
}

/** The request that is asked about, as the gateway judges it. */
class AskedAbout extends NodeRequest implements EdgeRequest {
  readonly address: string
  readonly origin: string | undefined
  readonly preflightMethod: string | undefined
  /** The proxy has read the request, and passes on as many as it read. */
  readonly hasBody = false

  constructor(message: IncomingMessage, requestId: string, { method, target, address }: OriginalRequest) {
    super(message, { method, target, requestId })
    this.address = address
    this.origin = message.headers.origin
    this.preflightMethod = message.headers['access-control-request-method']
  }

  /** This connection's certificate is the proxy's. */
  override get certificate(): undefined {
    return undefined
  }
}
