import type { GuardContext, GuardLog } from '../guard-context.ts'
import { connectIssuer, type Issuer } from '../issuer.ts'
import type { GuardSettings } from '../options.ts'
import { noFeed, type Revocations } from '../revocations.ts'
import type { Tracer } from '../tracer.ts'
import { followRevocations } from './revocation-reader.ts'
import { realWorld } from './world.ts'

/** A running connection to one issuer, which several guards of one process may share. */
export interface OpenIssuer {
  readonly context: GuardContext
  readonly issuer: Issuer
  readonly revocations: Revocations
}

/** Begins to follow the issuer's revocation feed; keys and metadata are fetched when first needed. */
export function openIssuer(
  settings: Pick<GuardSettings, 'issuer' | 'jwksUrl' | 'client' | 'feed'>,
  log?: GuardLog,
  tracer?: Tracer,
): OpenIssuer {
  const context = realWorld(log, tracer)
  const { issuer, feed } = settings
  if (feed === undefined) {
    context.log.warn('revocation_none', { issuer, do: 'A revoked token is let through until it expires.' })
  }
  return {
    context,
    issuer: connectIssuer(settings, context),
    revocations: feed === undefined ? noFeed : followRevocations({ issuer, ...feed }, context),
  }
}
