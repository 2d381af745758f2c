import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../answer.ts'
import type { GuardState } from '../guard.ts'
import type { ObjectRules, RouteOptions } from '../operation.ts'
import type { GuardOptions } from '../options.ts'
import type { Passed } from '../pass-door-two.ts'
import { NodeRequest } from './node-request.ts'
import { openGuard } from './open.ts'

/** Passes a request through both doors; `undefined` when it was refused and is answered already. */
export type Pass = (request: IncomingMessage, response: ServerResponse) => Promise<Passed | undefined>

export interface Protect {
  (scope: string, objects?: ObjectRules<IncomingMessage>, options?: RouteOptions<IncomingMessage>): Pass
  /** Answers with the RFC 9728 document; mount it at `metadataPath`. */
  readonly metadata: (request: IncomingMessage, response: ServerResponse) => void
  readonly metadataPath: string
  state(): GuardState
  metrics(): string
  close(): void
}

/**
 * Both doors for node:http: `const passed = await protect('read:orders')(request, response); if (!passed) return`.
 *
 * node:http tells no route: say `route` where the path carries an object's name, and the guard holds you to a rule for it.
 */
export function guard(options: GuardOptions): Protect {
  const doors = openGuard(options)
  const protect = (
    scope: string,
    objects?: ObjectRules<IncomingMessage>,
    routeOptions?: RouteOptions<IncomingMessage>,
  ): Pass => {
    const operation = doors.declare(scope, objects, routeOptions)
    return async (request, response) => {
      const described = new NodeRequest(request, {})
      const passed = await attempt(() => doors.pass(operation, described, request)).catch((error: unknown) =>
        doors.failed(error, described),
      )
      if ('status' in passed) return send(response, passed)
      const nonce = request.headers.dpop === undefined ? undefined : doors.nextNonce()
      if (nonce !== undefined) response.setHeader('dpop-nonce', nonce)
      return passed
    }
  }
  return Object.assign(protect, {
    metadata: (_request: IncomingMessage, response: ServerResponse) => send(response, doors.metadata()),
    metadataPath: doors.metadataPath,
    state: doors.state,
    metrics: doors.metrics,
    close: doors.close,
  })
}

async function attempt<T>(run: () => T | Promise<T>): Promise<T> {
  return run()
}

function send(response: ServerResponse, answer: Answer): undefined {
  response.writeHead(answer.status, answer.headers).end(answer.body)
}
