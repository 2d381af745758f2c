import { type Answer, NodeRequest, type Revocations } from '@sallyport/guard'
import {
  addHealthRoutes,
  type Exchange,
  isFromThisMachine,
  type Listener,
  type Log,
  nothingHere,
  sendFailure,
} from '@sallyport/server'
import type { GatewayLimits } from '../options.ts'
import { type GatewayRefusal, problem } from '../problem.ts'
import type { Edge, EdgeRequest, judge, RouteDoor, Verdict } from '../verdict.ts'
import { hasBody, send } from './exchange.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import { proxy } from './proxy.ts'
import type { Upstreams } from './upstreams.ts'

/** What every listener of the gateway stands on. */
export interface EdgeParts {
  readonly metrics: GatewayMetrics
  readonly revocations: Revocations
  readonly log: Log
  /** The verdict, traced where there is a tracer. */
  readonly judge: typeof judge
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Adds health, metrics, the resources' metadata and, for everything else, the way inside. */
export function registerEdge(
  listener: Listener,
  edge: Omit<Edge, 'onRefusal'>,
  parts: EdgeParts & { readonly origin: string; readonly upstreams: Upstreams; readonly limits: GatewayLimits },
): void {
  const ours = addOwnRoutes(listener, edge.doors.values(), parts)
  const told = tellers(parts)
  const complete: Edge = { ...edge, onRefusal: told.refusal }
  const carry = proxy({
    ...parts,
    onFailure: (refusal, { method, id }) => told.refusal(refusal, { method, requestId: id }),
  })
  const settle = (verdict: Verdict, exchange: Exchange) => {
    told.verdict(verdict)
    if (verdict.kind === 'forward') carry(verdict, exchange)
    else send(exchange, verdict.answer, judgedRoute)
  }
  listener.takeOver(exchange => {
    const { url, method } = exchange
    const mark = url.indexOf('?')
    if (!methods.has(method) || ours.has(mark < 0 ? url : url.slice(0, mark))) return false
    const threw = (error: unknown) => send(exchange, told.thrown(error, exchange), judgedRoute)
    try {
      const verdict = parts.judge(complete, Described.of(exchange))
      if (verdict instanceof Promise) verdict.then(late => settle(late, exchange)).catch(threw)
      else settle(verdict, exchange)
    } catch (error) {
      threw(error)
    }
    return true
  })
}

/** What is counted for an answer that no service gave. */
const judgedRoute = 'gateway'

/**
 * Adds what a listener answers itself.
 *
 * @returns the paths
 */
export function addOwnRoutes(
  { app, onAnswered, onShed }: Listener,
  doors: Iterable<RouteDoor>,
  { metrics, revocations }: EdgeParts,
): ReadonlySet<string> {
  const paths = new Set(['/livez', '/readyz', '/metrics'])
  addHealthRoutes(app, { revocations: async () => isOpen(revocations) })
  app.get('/metrics', async (request, reply) => {
    // For the operator: asked from this machine, by an agent beside the gateway.
    if (!isFromThisMachine(request.raw)) return sendFailure(request, reply, nothingHere)
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render())
  })
  for (const { guard } of doors) {
    if (paths.has(guard.metadataPath)) continue
    paths.add(guard.metadataPath)
    app.get(guard.metadataPath, (_request, reply) => {
      const { status, headers, body } = guard.metadata()
      return reply.code(status).headers(headers).send(body)
    })
  }
  onAnswered((method, _route, status, seconds) => metrics.answered(method, status, seconds))
  onShed(metrics.shed)
  return paths
}

/** Who hears of verdicts: the metrics of each, the log of what was refused and of what was thrown. */
export function tellers({ metrics, log }: EdgeParts) {
  return {
    verdict(verdict: Verdict): void {
      if (verdict.kind === 'forward') metrics.decided('allow')
      else if (verdict.refused !== undefined) metrics.decided(verdict.refused)
    },
    refusal(refusal: GatewayRefusal, { method, requestId }: Pick<EdgeRequest, 'method' | 'requestId'>): void {
      log.info('refused', { code: refusal.refused, ...refusal, method, request_id: requestId })
    },
    /** @returns the answer, which says nothing of the cause */
    thrown(error: unknown, { id }: Exchange): Answer {
      const stack = error instanceof Error ? error.stack : undefined
      log.error('request_failed', { request_id: id, cause: error, stack })
      return problem({ refused: 'server_error' }, id)
    },
  }
}

/** A request as the gateway judges it. */
class Described extends NodeRequest implements EdgeRequest {
  readonly address: string
  readonly origin: string | undefined
  readonly preflightMethod: string | undefined
  readonly hasBody: boolean

  static of({ request, id, address }: Exchange): Described {
    return new Described(request, id, address)
  }

  private constructor(request: Exchange['request'], requestId: string, address: string) {
    super(request, { requestId })
    this.address = address
    this.origin = request.headers.origin
    this.preflightMethod = request.headers['access-control-request-method']
    this.hasBody = hasBody(request)
  }
}

function isOpen(revocations: Revocations): boolean {
  const { feed } = revocations.state()
  return feed !== 'connecting' && feed !== 'silent'
}
