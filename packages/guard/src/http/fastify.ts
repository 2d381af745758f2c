import type { Caller } from '@sallyport/credentials'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import type { Answer } from '../answer.ts'
import type { GuardState } from '../guard.ts'
import { missingObjectRule, type ObjectRules, type Operation, type RouteOptions } from '../operation.ts'
import type { GuardOptions } from '../options.ts'
import type { Passed } from '../pass-door-two.ts'
import { NodeRequest } from './node-request.ts'
import { openGuard } from './open.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, on routes behind `protect`. */
    caller: Caller
    /** What the route's first object rule found. */
    object: object | undefined
    objects: Readonly<Record<string, object>>
  }
}

export interface Protect {
  (scope: string, objects?: ObjectRules<FastifyRequest>, options?: RouteOptions<FastifyRequest>): preHandlerHookHandler
  /**
   * `app.register(protect.plugin)` before the routes: checks each route as it is registered, serves the RFC 9728
   * document, and closes the guard with the app.
   */
  readonly plugin: (app: FastifyInstance) => Promise<void>
  /** Answers with the RFC 9728 document, for apps that mount it themselves. */
  readonly metadata: (request: FastifyRequest, reply: FastifyReply) => FastifyReply
  readonly metadataPath: string
  state(): GuardState
  metrics(): string
  close(): void
}

/** Both doors for Fastify 5: `app.get('/orders', { preHandler: protect('read:orders') }, request => … request.caller …)`. */
export function guard(options: GuardOptions): Protect {
  const doors = openGuard(options)
  const operations = new WeakMap<object, Operation<FastifyRequest>>()
  const protect = (
    scope: string,
    objects?: ObjectRules<FastifyRequest>,
    routeOptions?: RouteOptions<FastifyRequest>,
  ): preHandlerHookHandler => {
    const operation = doors.declare(scope, objects, routeOptions)
    return hookOf(operation, request => request.routeOptions.url)
  }
  const hookOf = (
    operation: Operation<FastifyRequest>,
    routeOf: (request: FastifyRequest) => string | undefined,
  ): preHandlerHookHandler => {
    const hook: preHandlerHookHandler = (request, reply, done) => {
      const settle = (passed: Passed | Answer): void => {
        if ('status' in passed) {
          send(reply, passed)
          return
        }
        const nonce = request.headers.dpop === undefined ? undefined : doors.nextNonce()
        if (nonce !== undefined) reply.header('dpop-nonce', nonce)
        request.object = passed.object
        request.objects = passed.objects
        done()
      }
      const passed = attempt(() => doors.pass(operation, describe(request, routeOf(request)), request, setCaller), done)
      if (passed instanceof Promise) passed.then(settle, done)
      else if (passed !== undefined) settle(passed)
    }
    operations.set(hook, operation)
    return hook
  }
  /** Where a hook is ours, one that knows its route: Fastify makes an object of all of a route's options when it is asked for the pattern. */
  const hookOn = <Hook extends object>(hook: Hook, route: string): Hook | preHandlerHookHandler => {
    const operation = operations.get(hook)
    if (operation === undefined) return hook
    if (!operation.fits(route)) throw new Error(missingObjectRule(route))
    return hookOf(operation, () => route)
  }
  const metadata = (_request: FastifyRequest, reply: FastifyReply) => send(reply, doors.metadata())
  const plugin = async (app: FastifyInstance): Promise<void> => {
    app.addHook('onRoute', route => {
      const { url } = route
      if (route.onRequest) route.onRequest = [route.onRequest].flat().map(hook => hookOn(hook, url))
      if (route.preValidation) route.preValidation = [route.preValidation].flat().map(hook => hookOn(hook, url))
      if (route.preHandler) route.preHandler = [route.preHandler].flat().map(hook => hookOn(hook, url))
    })
    app.addHook('onClose', () => doors.close())
    app.get(doors.metadataPath, metadata)
  }
  return Object.assign(protect, {
    // Fastify's own mark for a plugin that speaks for the app around it, not for a scope of its own.
    plugin: Object.assign(plugin, { [Symbol.for('skip-override')]: true }),
    metadata,
    metadataPath: doors.metadataPath,
    state: doors.state,
    metrics: doors.metrics,
    close: doors.close,
  })
}

function attempt<T>(run: () => T, done: (error: Error) => void): T | undefined {
  try {
    return run()
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
    return undefined
  }
}

function setCaller(request: FastifyRequest, caller: Caller): void {
  request.caller = caller
}

function describe(request: FastifyRequest, route = '*'): NodeRequest {
  const { originalUrl, body, id } = request
  return new NodeRequest(request.raw, { target: originalUrl, route, body, requestId: id })
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
