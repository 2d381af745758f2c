import { mintOpaqueToken } from '@sallyport/credentials'
import type { Client, ClientSecret } from '../client.ts'
import type { AuthorityContext } from '../context.ts'

export interface NewSecret {
  /** Shown once. */
  readonly token: string
  readonly stored: ClientSecret
}

/** A secret for a client that authenticates with one; `undefined` for those that do not. */
export function newSecret(
  method: Client['token_endpoint_auth_method'],
  context: Pick<AuthorityContext, 'now' | 'nowMs' | 'random'>,
): NewSecret | undefined {
  if (method !== 'client_secret_basic' && method !== 'client_secret_post') return undefined
  const minted = mintOpaqueToken('cs', { nowMs: context.nowMs(), random: length => context.random(length) })
  return { token: minted.token, stored: { hash: minted.secretHash, created_at: context.now() } }
}

/** The client's secrets after one was added: the newest of the present ones ends in `restSeconds`, older ones end now. */
export function addSecret(
  present: readonly ClientSecret[],
  added: ClientSecret,
  restSeconds: number,
  now: number,
): readonly ClientSecret[] {
  const live = present.filter(secret => secret.expires_at === undefined || secret.expires_at > now)
  const newest = live.toSorted((a, b) => b.created_at - a.created_at)[0]
  if (newest === undefined || restSeconds === 0) return [added]
  const expires_at = Math.min(newest.expires_at ?? Number.POSITIVE_INFINITY, now + restSeconds)
  return [added, { ...newest, expires_at }]
}
