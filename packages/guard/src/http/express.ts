import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '@sallyport/credentials'
import type { Answer } from '../answer.ts'
import type { GuardState } from '../guard.ts'
import type { ObjectRules, RouteOptions } from '../operation.ts'
import type { GuardOptions } from '../options.ts'
import type { Passed } from '../pass-door-two.ts'
import { hasPathParameter } from '../route.ts'
import { NodeRequest } from './node-request.ts'
import { openGuard } from './open.ts'

declare global {
  namespace Express {
    interface Request {
      /** Who calls, on routes behind `protect`. */
      caller: Caller
      /** What the route's first object rule found. */
      object: object | undefined
      objects: Readonly<Record<string, object>>
    }
  }
}

/** What the guard needs of an Express request; Express's own type fits. */
export interface ExpressRequest extends IncomingMessage, Express.Request {
  readonly originalUrl: string
  readonly baseUrl: string
  readonly params: Record<string, string>
  readonly query: unknown
  body?: unknown
  readonly route?: { readonly path: unknown }
}

export type Handler = (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => void

export interface Protect {
  (scope: string, objects?: ObjectRules<ExpressRequest>, options?: RouteOptions<ExpressRequest>): Handler
  /** Answers with the RFC 9728 document: `app.get(protect.metadataPath, protect.metadata)`. */
  readonly metadata: (request: unknown, response: ServerResponse) => void
  readonly metadataPath: string
  state(): GuardState
  metrics(): string
  close(): void
}

/** Both doors for Express 5: `app.get('/orders', protect('read:orders'), (req, res) => … req.caller …)`. */
export function guard(options: GuardOptions): Protect {
  const doors = openGuard(options)
  const protect = (
    scope: string,
    objects?: ObjectRules<ExpressRequest>,
    routeOptions?: RouteOptions<ExpressRequest>,
  ): Handler => {
    const operation = doors.declare(scope, objects, routeOptions)
    return (request, response, next) => {
      const settle = (passed: Passed | Answer): void => {
        if ('status' in passed) {
          send(response, passed)
          return
        }
        const nonce = request.headers.dpop === undefined ? undefined : doors.nextNonce()
        if (nonce !== undefined) response.setHeader('dpop-nonce', nonce)
        request.object = passed.object
        request.objects = passed.objects
        next()
      }
      const passed = doors.pass(operation, describe(request), request, setCaller)
      if (passed instanceof Promise) passed.then(settle, next)
      else settle(passed)
    }
  }
  return Object.assign(protect, {
    metadata: (_request: unknown, response: ServerResponse) => send(response, doors.metadata()),
    metadataPath: doors.metadataPath,
    state: doors.state,
    metrics: doors.metrics,
    close: doors.close,
  })
}

function setCaller(request: ExpressRequest, caller: Caller): void {
  request.caller = caller
}

/**
 * In `app.use` Express tells no route: whatever lies behind may take parameters, so it counts as one that does. Of a
 * router mounted under a pattern it tells only the parameters that came of it.
 */
function describe(request: ExpressRequest): NodeRequest {
  const { originalUrl, baseUrl, body, params } = request
  const pattern = request.route === undefined ? '*' : baseUrl + String(request.route.path)
  const names = Object.keys(params ?? {}).map(name => `/:${name}`)
  const route = hasPathParameter(pattern) ? pattern : pattern + names.join('')
  return new NodeRequest(request, { target: originalUrl, route, body })
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers).end(answer.body)
}
