import type { Caller } from '@sallyport/credentials'
import type { MaybePromise } from './maybe-promise.ts'
import { hasPathParameter, objectTypeOf } from './route.ts'
import { type NeededScopes, neededScopes } from './scopes.ts'

/**
 * Finds what an action is about: one object, several, or none. The key it stands under is the action's name, which the
 * policy is asked about; every object found is asked about by itself. What a request lacks answers as not found.
 */
export type ObjectRule<Request> = (request: Request, caller: Caller) => MaybePromise<object | null | undefined>

export type ObjectRules<Request> = Readonly<Record<string, ObjectRule<Request>>>

/** What one route says beyond scope and objects. */
export interface RouteOptions<Request> {
  /** Type of the objects for the policy; default: the path's last fixed part without its s. */
  readonly type?: string
  /** Facts of the request for the policy's `context`: an amount, a state. */
  readonly context?: (request: Request) => Readonly<Record<string, unknown>>
  /** Takes DPoP-bound tokens only. */
  readonly requireDpop?: boolean
  /** Why a path parameter of this route names no object, such as `a year`: the one way to do without an object rule. */
  readonly noObject?: string
  /** The route's pattern, where the framework does not tell it (node:http, fetch). */
  readonly route?: string
}

/**
 * One protected operation, checked when it is declared.
 *
 * @see docs/decisions/0008-a-route-is-closed-until-its-object-is-named.md
 */
export interface Operation<Request> {
  readonly needed: NeededScopes
  readonly rules: readonly (readonly [action: string, rule: ObjectRule<Request>])[]
  readonly options: RouteOptions<Request>
  /** Whether the operation may serve this route: a parameter in the path needs an object rule. */
  fits(route: string): boolean
  typeOn(route: string): string
}

const collections = new WeakSet<object>()

/**
 * An object rule for operations on all objects of a kind (list, create): `{ list: collection('orders') }`. The policy
 * sees type `collection`, which no loaded object can claim to be.
 */
export function collection(id: string): () => object {
  const marker = Object.freeze({ id })
  collections.add(marker)
  return () => marker
}

export function isCollection(object: object): boolean {
  return collections.has(object)
}

/**
 * @throws Error when the declaration itself is wrong: an unfit type, or a known route with a parameter and no object rule
 */
export function declareOperation<Request>(
  scope: string,
  objects: ObjectRules<Request> | undefined,
  options: RouteOptions<Request>,
  implies: Readonly<Record<string, readonly string[]>>,
): Operation<Request> {
  if (options.type === 'collection')
    throw new Error('guard: type "collection" is for collection(); name the object’s own')
  const rules = Object.entries(objects ?? {})
  const open = rules.length > 0 || (options.noObject ?? '') !== ''
  let fitting: string | undefined
  const operation: Operation<Request> = {
    needed: neededScopes(scope, implies),
    rules,
    options,
    fits(route) {
      if (open || route === fitting) return true
      if (hasPathParameter(route)) return false
      fitting = route
      return true
    },
    typeOn: route => options.type ?? objectTypeOf(route),
  }
  if (options.route !== undefined && !operation.fits(options.route)) throw new Error(missingObjectRule(options.route))
  return operation
}

/** What to do about a route that is closed for want of an object rule. */
export function missingObjectRule(route: string): string {
  return (
    `guard: ${route} takes a parameter from the path but has no object rule, so it stays closed; ` +
    `say what it names: protect(scope, { read: request => find(request) }), or { noObject: 'why' } if it names none`
  )
}
