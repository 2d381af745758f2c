import { mintOpaqueToken } from '@sallyport/credentials'
import type { Stored, Write } from '@sallyport/store'
import { type Client, isConfidential } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { sealReply } from './refresh-reply.ts'
import type { RefreshReply, RefreshToken } from './refresh-token.ts'
import type { TokenFamily } from './token-family.ts'

/** How long a client that can be told from a thief may ask for a lost reply again: a phone in a tunnel. */
export const lostReplySeconds = 86_400

/** A refresh token as it was shown, and its record. */
export interface PresentedRefresh {
  readonly token: string
  readonly selector: string
  readonly stored: Stored<RefreshToken>
}

export interface RefreshWrites {
  readonly token: string
  readonly writes: readonly Write[]
}

/** The first refresh token of a family. */
export function firstRefresh(family: TokenFamily, context: AuthorityContext): RefreshWrites {
  return mintRefresh(family, 0, undefined, context)
}

/**
 * The successor of a refresh token, its sealed reply, and the end of the reply before: one live token a family, one reply
 * kept for each that could still be asked for. The family's record is not written (docs/decisions/0005).
 */
export async function nextRefresh(
  presented: PresentedRefresh,
  family: TokenFamily,
  client: Client,
  context: AuthorityContext,
): Promise<RefreshWrites> {
  const now = context.now()
  const { value: record } = presented.stored
  const next = mintRefresh(family, record.generation + 1, presented.selector, context)
  const seconds = mayAskLater(client, family) ? lostReplySeconds : context.settings.refreshReuseSeconds
  const reply: RefreshReply = { family: family.id, sealed: sealReply(presented.token, next.token, context.random) }
  const kept = replyWrite(presented.selector, reply, Math.min(now + seconds + 1, family.expires_at))
  const ended = record.previous === undefined ? [] : await endedReply(record.previous, record.issued_at, context)
  return { token: next.token, writes: [...next.writes, kept, ...ended] }
}

/** Whether a reply may be asked for after the window: by a client that proves who it is, or which key it has. */
export const mayAskLater = (client: Client, family: TokenFamily): boolean =>
  isConfidential(client) || family.jkt !== undefined

function mintRefresh(
  family: TokenFamily,
  generation: number,
  previous: string | undefined,
  context: AuthorityContext,
): RefreshWrites {
  const { token, selector, secretHash } = mintOpaqueToken('rt', { nowMs: context.nowMs(), random: context.random })
  const value: RefreshToken = {
    secret_hash: secretHash,
    family: family.id,
    generation,
    issued_at: context.now(),
    ...(previous === undefined ? {} : { previous }),
  }
  return { token, writes: [{ put: { kind: 'refresh', key: selector, value, expiresAt: family.expires_at } }] }
}

/** The successor was shown, so its own reply is asked for no more once the window after its making is over. */
async function endedReply(selector: string, rotatedAt: number, context: AuthorityContext): Promise<readonly Write[]> {
  const stored = await context.store.peek<RefreshReply>('refresh-reply', selector)
  if (stored === undefined) return []
  const endsAt = rotatedAt + context.settings.refreshReuseSeconds + 1
  if (endsAt <= context.now()) return [{ remove: { kind: 'refresh-reply', key: selector } }]
  return [replyWrite(selector, stored.value, Math.min(endsAt, stored.expiresAt ?? endsAt))]
}

const replyWrite = (key: string, value: RefreshReply, expiresAt: number): Write => ({
  put: { kind: 'refresh-reply', key, value, expiresAt, index: { family: value.family } },
})
