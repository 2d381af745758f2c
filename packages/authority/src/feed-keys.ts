import {
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  type PrivateJwk,
  type SigningKey,
  signFeedMessage,
} from '@sallyport/credentials'
import type { AuthorityContext } from './context.ts'

/**
 * The feed's own key, apart from those of the tokens, so that the removal of a token key can be signed. Stored sealed as
 * kind `signing-key`, key `feed`.
 */
export interface FeedKeys {
  readonly signing: SigningKey
  /**
   * Messages of type `key`, oldest first: each earlier key vouching for the next one, so that a listener that pinned any of
   * them follows to the one in use.
   */
  readonly announcements: readonly string[]
}

interface StoredFeedKeys {
  readonly jwk: PrivateJwk
  readonly announcements: readonly string[]
}

/** Successors remembered; a guard that slept through more of them has to pin again. */
const maxAnnouncements = 20

/** The feed's keys, made at first need; of two processes that make them at once, one wins. */
export async function feedKeys(context: Pick<AuthorityContext, 'store'>): Promise<FeedKeys> {
  for (;;) {
    const stored = await context.store.peek<StoredFeedKeys>('signing-key', 'feed')
    if (stored !== undefined) return opened(stored.value)
    const value: StoredFeedKeys = { jwk: exportPrivateJwk(generateSigningKey('ES256')), announcements: [] }
    await context.store.commit([{ insert: { kind: 'signing-key', key: 'feed', value } }])
  }
}

/** Makes a successor, vouched for by the key in use, which is forgotten with the same write. */
export async function rotateFeedKey(context: AuthorityContext): Promise<SigningKey> {
  for (;;) {
    const { signing } = await feedKeys(context)
    const stored = await context.store.peek<StoredFeedKeys>('signing-key', 'feed')
    const next = generateSigningKey('ES256')
    const message = await signFeedMessage(
      { type: 'key', jwk: next.publicJwk },
      { issuer: context.issuer, nowSeconds: context.now(), key: signing },
      context.sign,
    )
    const announcements = [...(stored?.value.announcements ?? []), message].slice(-maxAnnouncements)
    const value: StoredFeedKeys = { jwk: exportPrivateJwk(next), announcements }
    const record = { kind: 'signing-key', key: 'feed', value }
    const committed = await context.store.commit([{ replace: record, version: stored?.version ?? 0 }])
    if ('committed' in committed) return next
  }
}

function opened({ jwk, announcements }: StoredFeedKeys): FeedKeys {
  const signing = importPrivateJwk(jwk, 'ES256')
  if ('refused' in signing) throw new Error(`the stored feed key was refused: ${signing.expected} / ${signing.got}`)
  return { signing, announcements }
}
