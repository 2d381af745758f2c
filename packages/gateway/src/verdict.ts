import type {
  Answer,
  DescribedRequest,
  Guard,
  GuardRefusal,
  KnownToken,
  MaybePromise,
  Operation,
} from '@sallyport/guard'
import { networkOf, type RateLimiter, rateLimitHeaders } from '@sallyport/server'
import { type CorsPolicy, corsHeaders, preflightHeaders } from './cors.ts'
import type { ExchangeFailure, PhantomTokens } from './phantom-tokens.ts'
import { type GatewayRefusal, problem } from './problem.ts'
import type { GatewayRoute, RouteTable } from './route-table.ts'
import { readRequestTarget } from './rules/request-target.ts'

/** A request as the gateway judges it, whoever carries its bytes. */
export interface EdgeRequest extends DescribedRequest {
  /** The caller's address, as far as it is known for sure. */
  readonly address: string
  /** `Origin`, of a page. */
  readonly origin: string | undefined
  /** `Access-Control-Request-Method`: with `Origin` and OPTIONS, a preflight. */
  readonly preflightMethod: string | undefined
  readonly hasBody: boolean
}

/** What is to be done with a request. */
export type Verdict =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly refused: string | undefined }
  | {
      readonly kind: 'forward'
      readonly route: GatewayRoute
      /** Where the service is: scheme, host and port. */
      readonly origin: string
      /** Path inside, query included. */
      readonly path: string
      /** The token for inside; `undefined` for a public path. */
      readonly token: string | undefined
      /** Headers the answer gets, whatever it is. */
      readonly headers: Readonly<Record<string, string>>
    }

/** Door one of one route. */
export interface RouteDoor {
  readonly guard: Guard
  /** What is asked here already, by method. */
  readonly asked: ReadonlyMap<string, Operation<unknown>>
  /** What is only named to callers without a token, by method. */
  readonly advertised: ReadonlyMap<string, Operation<unknown>>
}

/** All that a verdict is made of. */
export interface Edge {
  readonly routes: RouteTable
  readonly doors: ReadonlyMap<GatewayRoute, RouteDoor>
  readonly phantom: PhantomTokens
  readonly cors: CorsPolicy
  readonly perCaller: RateLimiter
  readonly perAddress: RateLimiter
  nowSeconds(): number
  /** Hears of every refusal, with what only the operator may know. */
  readonly onRefusal: (refusal: GatewayRefusal, request: EdgeRequest) => void
}

/**
 * Judges a request: its form, its route, its rate, who is calling, and which token goes inside. What the caller may do
 * with which object is the service's to decide; the gateway is never the only defence.
 */
export function judge(edge: Edge, request: EdgeRequest): MaybePromise<Verdict> {
  const headers = corsHeaders(edge.cors, request.origin)
  const refuse = (refusal: GatewayRefusal, extra: Readonly<Record<string, string>> = {}): Verdict => {
    edge.onRefusal(refusal, request)
    const answer = problem(refusal, request.requestId, { ...headers, ...extra })
    return { kind: 'answer', answer, refused: refusal.refused }
  }
  const target = readRequestTarget(request.target)
  if ('refused' in target) return refuse(target)
  if (request.method === 'OPTIONS' && request.origin !== undefined && request.preflightMethod !== undefined) {
    if (!edge.cors.origins.has(request.origin)) {
      return refuse({
        refused: 'origin_unlisted',
        rule: 'Fetch §4.8',
        expected: 'a listed origin',
        got: request.origin,
      })
    }
    const answer = { status: 204, headers: preflightHeaders(edge.cors, request.origin), body: '' }
    return { kind: 'answer', answer, refused: undefined }
  }
  const match = edge.routes.find(request.method, target.path)
  if (match === undefined) return refuse({ refused: 'route_unknown', got: target.path })
  if (request.hasBody && (request.method === 'GET' || request.method === 'HEAD')) {
    return refuse({ refused: 'body_unexpected', rule: 'RFC 9110 §9.3.1', expected: 'no body', got: request.method })
  }
  const { route, origin } = match
  const to: Way = { route, origin, path: target.query === '' ? match.path : match.path + target.query }
  return match.public ? openTo(edge, request, to, headers, refuse) : behindDoor(edge, request, to, headers, refuse)
}

type Refuse = (refusal: GatewayRefusal, extra?: Readonly<Record<string, string>>) => Verdict
type Headers = Readonly<Record<string, string>>
/** Where a request goes, once it may. */
type Way = Pick<Extract<Verdict, { kind: 'forward' }>, 'route' | 'origin' | 'path'>

function openTo(edge: Edge, request: EdgeRequest, to: Way, headers: Headers, refuse: Refuse): Verdict {
  const { perAddress } = edge
  const state = perAddress.take(networkOf(request.address), edge.nowSeconds())
  const rate = rateLimitHeaders('address', perAddress.policy, state)
  if (!state.allowed) return refuse(tooMany('address', perAddress), rate)
  return { kind: 'forward', ...to, token: undefined, headers: { ...headers, ...rate } }
}

/**
 * Whoever does not pass door one pays from the address's quota. An address without quota is not judged at all, but for
 * tokens that are remembered as good: one caller with an old token must not lock out all who share its address.
 */
function behindDoor(
  edge: Edge,
  request: EdgeRequest,
  to: Way,
  headers: Headers,
  refuse: Refuse,
): MaybePromise<Verdict> {
  const door = edge.doors.get(to.route)
  if (door === undefined) return refuse({ refused: 'route_unknown', got: to.route.prefix })
  const address = networkOf(request.address)
  const { perAddress, perCaller } = edge
  const looked = perAddress.look(address, edge.nowSeconds())
  if (!looked.allowed || request.dpop !== undefined) {
    const remembered = door.guard.remembered(request)
    if (!looked.allowed && remembered === undefined) {
      return refuse(tooMany('address', perAddress), rateLimitHeaders('address', perAddress.policy, looked))
    }
    // Before the proof is judged: the memory of proofs is everybody's, and one caller must not fill it.
    const left = remembered && perCaller.look(callerKey(remembered), edge.nowSeconds())
    if (left?.allowed === false) {
      return refuse(tooMany('caller', perCaller), rateLimitHeaders('caller', perCaller.policy, left))
    }
  }
  const entered = enterAndPay(edge, door, request, address)
  const next = (known: KnownToken | GuardRefusal) => entitled(edge, door, request, to, headers, refuse, known)
  return entered instanceof Promise ? entered.then(next) : next(entered)
}

/** Door one has spoken: the caller's rate, what is asked here already, and the token for inside. */
function entitled(
  edge: Edge,
  door: RouteDoor,
  request: EdgeRequest,
  to: Way,
  headers: Headers,
  refuse: Refuse,
  known: KnownToken | GuardRefusal,
): MaybePromise<Verdict> {
  const of = (operations: RouteDoor['asked']) => operations.get(request.method) ?? operations.get('*')
  const asked = of(door.asked)
  const shut = (refusal: GuardRefusal): Verdict => {
    const answer = door.guard.refuse(refusal, request, (asked ?? of(door.advertised))?.needed.text)
    return {
      kind: 'answer',
      answer: { ...answer, headers: { ...answer.headers, ...headers } },
      refused: refusal.refused,
    }
  }
  if ('refused' in known) return shut(known)
  const { perCaller } = edge
  const state = perCaller.take(callerKey(known.caller), edge.nowSeconds())
  const rate = rateLimitHeaders('caller', perCaller.policy, state)
  if (!state.allowed) return refuse(tooMany('caller', perCaller), rate)
  if (asked !== undefined && !asked.needed.heldBy(known.caller.scopes)) return shut(lacking(asked, known))
  const inside = (token: string | ExchangeFailure): Verdict => {
    if (typeof token === 'string') {
      const nonce = request.dpop === undefined ? undefined : door.guard.nextNonce()
      const answerHeaders = { ...headers, ...rate, ...(nonce === undefined ? {} : { 'dpop-nonce': nonce }) }
      return { kind: 'forward', ...to, token, headers: answerHeaders }
    }
    const { failed, got } = token
    if (failed === 'inactive') return shut({ refused: 'token_inactive', rule: 'RFC 8693 §2.2.2', got })
    return refuse({ refused: 'exchange_unavailable', rule: 'RFC 8693 §2.2.2', expected: 'a phantom token', got })
  }
  const token = edge.phantom.for(known, bareToken(request), to.route.audience)
  return token instanceof Promise ? token.then(inside) : inside(token)
}

/**
 * A token at first sight is paid for before it is judged, or a crowd of guesses at once would all be looked at. One that
 * is remembered costs its address nothing.
 */
function enterAndPay(
  { perAddress, nowSeconds }: Edge,
  { guard }: RouteDoor,
  request: EdgeRequest,
  address: string,
): MaybePromise<KnownToken | GuardRefusal> {
  const entered = guard.enter(request)
  if (!(entered instanceof Promise)) {
    if ('refused' in entered) perAddress.take(address, nowSeconds())
    return entered
  }
  const { allowed: paid } = perAddress.take(address, nowSeconds())
  return entered.then(known => {
    if (paid && !('refused' in known)) perAddress.giveBack(address)
    return known
  })
}

const callerKey = ({ clientId, subject }: KnownToken['caller']): string => `${clientId}\n${subject}`

function tooMany(of: string, { policy }: RateLimiter): GatewayRefusal {
  return {
    refused: 'rate_limited',
    rule: 'RFC 6585 §4',
    expected: `${policy.requests} in ${policy.seconds} s a ${of}`,
    got: 'more',
  }
}

function lacking(operation: Operation<unknown>, { caller }: KnownToken): GuardRefusal {
  const scheme = caller.sender.kind === 'dpop' ? 'DPoP' : 'Bearer'
  const got = [...caller.scopes].join(' ') || 'none'
  return { refused: 'insufficient_scope', rule: 'RFC 6750 §3.1', scheme, expected: operation.needed.text, got }
}

/** The token alone; door one has read the header already, so it is one scheme and one token. */
function bareToken({ authorization }: EdgeRequest): string {
  const header = typeof authorization === 'string' ? authorization : (authorization?.[0] ?? '')
  return header.slice(header.indexOf(' ') + 1).trim()
}
