import type { Caller } from '@sallyport/credentials'
import type { Answer } from '../answer.ts'
import type { GuardState } from '../guard.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { RouteOptions } from '../operation.ts'
import type { GuardOptions } from '../options.ts'
import { describeFetchRequest } from './fetch-request.ts'
import { openGuard } from './open.ts'

type Rules<Found> = Readonly<
  Record<string, (request: Request, caller: Caller) => MaybePromise<Found | null | undefined>>
>

export interface PassedRequest<Found> {
  readonly caller: Caller
  readonly object: Found
  readonly objects: Readonly<Record<string, object>>
  /** Headers to add to the answer: the next proof's nonce, where nonces are on. */
  readonly headers: Readonly<Record<string, string>>
}

/** Thrown for a refused request; `response` is the answer to send. */
export class Refused extends Error {
  readonly response: Response

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`)
    this.response = responseOf(answer)
  }
}

export interface Protect {
  <Found extends object | undefined = undefined>(
    scope: string,
    objects?: Rules<Found>,
    options?: RouteOptions<Request>,
  ): (request: Request) => Promise<PassedRequest<Found>>
  /** Wraps a handler so that what `protect` refuses is answered. */
  readonly serve: <Rest extends unknown[]>(
    handler: (request: Request, ...rest: Rest) => MaybePromise<Response>,
  ) => (request: Request, ...rest: Rest) => Promise<Response>
  /** The RFC 9728 document; serve it at `metadataPath`. */
  readonly metadata: () => Response
  readonly metadataPath: string
  state(): GuardState
  metrics(): string
  close(): void
}

/**
 * Both doors for fetch-style handlers: `const { caller, object } = await protect('read:orders', …)(request)`.
 *
 * A request tells no route: say `route` where the path carries an object's name, and the guard holds you to a rule for it.
 */
export function guard(options: GuardOptions): Protect {
  const doors = openGuard(options)
  const protect = <Found extends object | undefined = undefined>(
    scope: string,
    objects?: Rules<Found>,
    routeOptions?: RouteOptions<Request>,
  ) => {
    const operation = doors.declare<Request>(scope, objects, routeOptions)
    return async (request: Request): Promise<PassedRequest<Found>> => {
      const passed = await doors.pass(operation, describeFetchRequest(request, undefined), request)
      if ('status' in passed) throw new Refused(passed)
      const nonce = request.headers.has('dpop') ? doors.nextNonce() : undefined
      const headers: Record<string, string> = nonce === undefined ? {} : { 'dpop-nonce': nonce }
      return { caller: passed.caller, object: passed.object as Found, objects: passed.objects, headers }
    }
  }
  return Object.assign(protect, {
    serve:
      <Rest extends unknown[]>(handler: (request: Request, ...rest: Rest) => MaybePromise<Response>) =>
      async (request: Request, ...rest: Rest): Promise<Response> => {
        try {
          return await handler(request, ...rest)
        } catch (error) {
          if (error instanceof Refused) return error.response
          throw error
        }
      },
    metadata: () => responseOf(doors.metadata()),
    metadataPath: doors.metadataPath,
    state: doors.state,
    metrics: doors.metrics,
    close: doors.close,
  })
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers })
}
