import type { Answer } from '@sallyport/guard'
import { NodeRequest, type Revocations, type Tracer } from '@sallyport/guard'
import { addHealthRoutes, isFromThisMachine, type Log, nothingHere, sendFailure } from '@sallyport/server'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { GatewayLimits } from '../options.ts'
import { type GatewayRefusal, problem } from '../problem.ts'
import { tracedJudge } from '../traced.ts'
import { type Edge, type EdgeRequest, judge, type Verdict } from '../verdict.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import { hasBody, type Passage, sendAnswer } from './passage.ts'
import { proxy } from './proxy.ts'
import type { Upstreams } from './upstreams.ts'

export interface EdgeParts {
  readonly origin: string
  readonly upstreams: Upstreams
  readonly limits: GatewayLimits
  readonly metrics: GatewayMetrics
  readonly revocations: Revocations
  readonly log: Log
  readonly tracer: Tracer | undefined
}

/** Adds health, metrics, the resources' metadata and, for everything else, the way inside. */
export function registerEdge(app: FastifyInstance, edge: Omit<Edge, 'onRefusal'>, parts: EdgeParts): void {
  const { metrics, revocations, log } = parts
  addHealthRoutes(app, { revocations: async () => isOpen(revocations) })
  app.get('/metrics', async (request, reply) => {
    // For the operator: asked from this machine, by an agent beside the gateway.
    if (!isFromThisMachine(request.raw)) return sendFailure(request, reply, nothingHere)
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render())
  })
  const mounted = new Set<string>()
  for (const { guard } of edge.doors.values()) {
    if (mounted.has(guard.metadataPath)) continue
    mounted.add(guard.metadataPath)
    app.get(guard.metadataPath, (_request, reply) => send(reply, guard.metadata()))
  }
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered(request.method, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  const logged = (refusal: GatewayRefusal, method: string, requestId: string) => {
    log.info('refused', { code: refusal.refused, ...refusal, method, request_id: requestId })
  }
  const complete: Edge = {
    ...edge,
    onRefusal: (refusal, request) => logged(refusal, request.method, request.requestId),
  }
  const forward = proxy({
    ...parts,
    onFailure: (refusal, { request, requestId }) => logged(refusal, request.method ?? '', requestId),
  })
  const judged = (verdict: Verdict, passage: Passage) => {
    if (verdict.kind === 'forward') {
      metrics.decided('allow')
      return forward(verdict, passage)
    }
    if (verdict.refused !== undefined) metrics.decided(verdict.refused)
    return sendAnswer(passage, verdict.answer)
  }
  const toVerdict = parts.tracer === undefined ? judge : tracedJudge(judge, parts.tracer)
  app.register(async inside => {
    inside.removeAllContentTypeParsers()
    inside.addContentTypeParser('*', (_request, body, done) => done(null, body))
    inside.all('/*', (request, reply) => {
      reply.hijack()
      const passage: Passage = {
        request: request.raw,
        response: reply.raw,
        requestId: request.id,
        address: request.ip,
        headers: Object.entries(reply.getHeaders()).flatMap(([name, value]) => [name, String(value)]),
      }
      const threw = (error: unknown) => {
        log.error('request_failed', { request_id: passage.requestId, cause: error })
        if (passage.response.headersSent) passage.response.destroy()
        else sendAnswer(passage, problem({ refused: 'server_error' }, passage.requestId))
      }
      try {
        const verdict = toVerdict(complete, new Described(passage))
        if (verdict instanceof Promise) verdict.then(late => judged(late, passage)).catch(threw)
        else judged(verdict, passage)
      } catch (error) {
        threw(error)
      }
    })
  })
}

/** A request as the gateway judges it. */
class Described extends NodeRequest implements EdgeRequest {
  readonly address: string
  readonly origin: string | undefined
  readonly preflightMethod: string | undefined
  readonly hasBody: boolean

  constructor({ request, requestId, address }: Passage) {
    super(request, { requestId })
    this.address = address
    this.origin = request.headers.origin
    this.preflightMethod = request.headers['access-control-request-method']
    this.hasBody = hasBody(request)
  }
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

function isOpen(revocations: Revocations): boolean {
  const { feed } = revocations.state()
  return feed !== 'connecting' && feed !== 'silent'
}
