import { mintOpaqueToken } from '@sallyport/credentials'
import type { Stored, Write } from '@sallyport/store'
import { type Client, isConfidential } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { sealReply } from './refresh-reply.ts'
import type { RefreshReply, RefreshToken } from './refresh-token.ts'
import type { TokenFamily } from './token-family.ts'

/** How long a client that can be told from a thief may ask for a lost reply again: a phone in a tunnel. */
export const lostReplySeconds = 86_400

/** Replies that a token remembers at most, to end them when it is shown. More, of a client that rotates faster, end by themselves. */
const maxPrevious = 4

/** A refresh token as it was shown, and its record. */
export interface PresentedRefresh {
  readonly token: string
  readonly stored: Stored<RefreshToken>
}

export interface RefreshWrites {
  readonly token: string
  readonly writes: readonly Write[]
}

/** The first refresh token of a family. */
export function firstRefresh(family: TokenFamily, context: AuthorityContext): RefreshWrites {
  return mintRefresh(family, 0, [], context)
}

/**
 * The successor of a refresh token, its sealed reply, and the end of the replies before: one live token a family, one reply
 * kept for each that could still be asked for. The family's record is not written (docs/decisions/0005).
 */
export function nextRefresh(
  presented: PresentedRefresh,
  family: TokenFamily,
  client: Client,
  context: AuthorityContext,
): RefreshWrites {
  const { value: record, key: selector } = presented.stored
  const before = record.previous ?? []
  const isOver = mayForget(record, context)
  const previous = [...(isOver ? [] : before.slice(1 - maxPrevious)), selector]
  const next = mintRefresh(family, record.generation + 1, previous, context)
  const reply: RefreshReply = { sealed: sealReply(presented.token, next.token, context.random) }
  const seconds = mayAskLater(client, family) ? lostReplySeconds : context.settings.refreshReuseSeconds
  const expiresAt = Math.min(context.now() + seconds + 1, family.expires_at)
  const kept: Write = { put: { kind: 'refresh-reply', key: selector, value: reply, expiresAt } }
  const ended: readonly Write[] = isOver ? before.map(key => ({ remove: { kind: 'refresh-reply', key } })) : []
  return { token: next.token, writes: [...next.writes, kept, ...ended] }
}

/** Whether a reply may be asked for after the window: by a client that proves who it is, or which key it has. */
export const mayAskLater = (client: Client, family: TokenFamily): boolean =>
  isConfidential(client) || family.jkt !== undefined

/**
 * A token that is shown ends the replies before it, once the window of the one that made it is over, however late its commit
 * was.
 */
const mayForget = (record: RefreshToken, { settings, now }: AuthorityContext): boolean =>
  record.issued_at + settings.refreshReuseSeconds + settings.leewaySeconds < now()

function mintRefresh(
  family: TokenFamily,
  generation: number,
  previous: readonly string[],
  context: AuthorityContext,
): RefreshWrites {
  const { token, selector, secretHash } = mintOpaqueToken('rt', { nowMs: context.nowMs(), random: context.random })
  const value: RefreshToken = {
    secret_hash: secretHash,
    family: family.id,
    generation,
    issued_at: context.now(),
    ...(previous.length === 0 ? {} : { previous }),
  }
  return { token, writes: [{ put: { kind: 'refresh', key: selector, value, expiresAt: family.expires_at } }] }
}
