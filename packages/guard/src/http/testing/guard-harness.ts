import type { DescribedRequest } from '../../described-request.ts'
import type { Guard } from '../../guard.ts'
import type { ObjectRules, RouteOptions } from '../../operation.ts'
import type { GuardOptions } from '../../options.ts'
import { openGuard } from '../open.ts'
import { resource } from './adapter-suite.ts'
import { type TestIssuer, testIssuer } from './test-issuer.ts'

type Headers = readonly (readonly [string, string])[]

/** What a caller sees of an answer, or the object that a handler would get. */
export interface Asked {
  readonly status: number
  readonly code: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly object?: unknown
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Guards without a framework, on one test issuer. */
export interface GuardHarness {
  readonly issuer: TestIssuer
  open(options?: Partial<GuardOptions>): Guard
  close(): Promise<void>
}

export async function guardHarness(): Promise<GuardHarness> {
  const issuer = await testIssuer()
  const opened: Guard[] = []
  return {
    issuer,
    open(options = {}) {
      const guard = openGuard({ issuer: issuer.issuer, resource, log: quiet, ...options })
      opened.push(guard)
      return guard
    },
    async close() {
      for (const guard of opened) guard.close()
      await issuer.close()
    },
  }
}

/** A request with these headers. */
export function describe(headers: Headers, target = '/orders', route = '/orders'): DescribedRequest {
  const of = (name: string) => headers.find(header => header[0] === name)?.[1]
  return {
    method: 'GET',
    target,
    authorization: of('authorization'),
    dpop: of('dpop'),
    form: undefined,
    route,
    requestId: 'r1',
    certificate: undefined,
  }
}

/** Asks both doors for `read:orders`. */
export async function ask(
  guard: Guard,
  headers: Headers,
  objects?: ObjectRules<object>,
  options?: RouteOptions<object>,
): Promise<Asked> {
  const passed = await guard.pass(guard.declare('read:orders', objects, options), describe(headers), {})
  if (!('status' in passed)) return { status: 200, code: undefined, headers: {}, object: passed.object }
  return { status: passed.status, code: JSON.parse(passed.body).code, headers: passed.headers }
}

/** Waits until it is so. */
export async function settled(holds: () => Promise<boolean>, withinMilliseconds = 1000): Promise<void> {
  const end = Date.now() + withinMilliseconds
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('not in time')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
