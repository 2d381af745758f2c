import { ownerPolicy } from '@sallyport/policy'
import { createGuard, type Guard } from '../guard.ts'
import { type GuardOptions, guardSettings } from '../options.ts'
import { openIssuer } from './open-issuer.ts'

/**
 * A guard in the real world, ready for an adapter.
 *
 * @throws Error naming the option that is wrong; nothing is found out by the first request only
 */
export function openGuard(options: GuardOptions): Guard {
  const settings = guardSettings(options)
  const policy = options.policy ?? ownerPolicy()
  const { log, tracer } = options
  return createGuard({ settings, policy, tracer, ...openIssuer(settings, log, tracer) })
}
