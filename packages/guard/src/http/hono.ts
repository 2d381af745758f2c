import type { Caller } from '@sallyport/credentials'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes, routePath } from 'hono/route'
import type { Answer } from '../answer.ts'
import type { GuardState } from '../guard.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { RouteOptions } from '../operation.ts'
import type { GuardOptions } from '../options.ts'
import { describeFetchRequest } from './fetch-request.ts'
import { openGuard } from './open.ts'

type Rules<Found> = Readonly<
  Record<string, (context: Context, caller: Caller) => MaybePromise<Found | null | undefined>>
>

/** What `c.get` knows behind `protect`. */
export interface Variables<Found> {
  caller: Caller
  object: Found
  objects: Readonly<Record<string, object>>
}

export interface Protect {
  <Found extends object | undefined = undefined>(
    scope: string,
    objects?: Rules<Found>,
    options?: RouteOptions<Context>,
  ): MiddlewareHandler<{ Variables: Variables<Found> }>
  /** Answers with the RFC 9728 document: `app.get(protect.metadataPath, protect.metadata)`. */
  readonly metadata: (context: Context) => Response
  readonly metadataPath: string
  state(): GuardState
  metrics(): string
  close(): void
}

/** Both doors for Hono: `app.get('/orders', protect('read:orders'), c => … c.get('caller') …)`. */
export function guard(options: GuardOptions): Protect {
  const doors = openGuard(options)
  const protect = <Found extends object | undefined = undefined>(
    scope: string,
    objects?: Rules<Found>,
    routeOptions?: RouteOptions<Context>,
  ): MiddlewareHandler<{ Variables: Variables<Found> }> => {
    const operation = doors.declare<Context>(scope, objects, routeOptions)
    return async (context, next) => {
      const described = describeFetchRequest(context.req.raw, routeOf(context))
      const passed = await doors.pass(operation, described, context, setCaller)
      if ('status' in passed) return responseOf(passed)
      context.set('object', passed.object as Found)
      context.set('objects', passed.objects)
      const nonce = context.req.header('dpop') === undefined ? undefined : doors.nextNonce()
      if (nonce !== undefined) context.header('dpop-nonce', nonce)
      return next()
    }
  }
  return Object.assign(protect, {
    metadata: () => responseOf(doors.metadata()),
    metadataPath: doors.metadataPath,
    state: doors.state,
    metrics: doors.metrics,
    close: doors.close,
  })
}

function setCaller(context: Context, caller: Caller): void {
  context.set('caller', caller)
}

/** The pattern this request runs under: the guard's own, or that of the handler behind it where it is mounted widely. */
function routeOf(context: Context): string {
  const own = routePath(context)
  if (!own.includes('*')) return own
  const behind = matchedRoutes(context).slice(context.req.routeIndex)
  return behind.find(route => route.method !== 'ALL')?.path ?? own
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers })
}
