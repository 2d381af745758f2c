import { mintOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { Stored } from '@sallyport/store'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { BrowserBinding } from './browser-binding.ts'
import type { AuthorityContext } from './context.ts'
import type { Progress } from './next-step.ts'

/**
 * A sign-in under way, from the first page to the code. Stored as kind `interaction`, key its id, which page addresses
 * carry; used up when the code is issued, so that neither the back button nor a form sent twice gets a second code.
 */
export interface Interaction {
  readonly id: string
  /** Hash of the cookie of the browser it began in. */
  readonly browser: string
  readonly purpose: InteractionPurpose
  readonly progress: Progress
  /** Unix seconds. */
  readonly created_at: number
}

export type InteractionPurpose =
  | { readonly kind: 'authorize'; readonly request: AuthorizationRequest }
  /** To see a page of ours, such as `/account`; `fresh`: only after signing in again. */
  | { readonly kind: 'visit'; readonly path: string; readonly fresh: boolean }

export type InteractionRefusal = {
  readonly refused: 'login_expired' | 'login_used' | 'login_elsewhere'
  /** Known where the interaction still is: whose "Start again" the page offers. */
  readonly interaction?: Interaction
}

const interactionTtlSeconds = 600

/** How long after signing in a person may change how they sign in, in seconds. */
export const freshSeconds = 600

/** How long an expired interaction is still known, so that its page can say where to start again. */
const rememberedSeconds = 3600

const idForm = /^[0-9A-Za-z]{20}$/

/** Stores a new interaction. */
export async function beginInteraction(
  purpose: InteractionPurpose,
  binding: BrowserBinding,
  context: AuthorityContext,
): Promise<Interaction> {
  const { selector } = mintOpaqueToken('si', { nowMs: context.nowMs(), random: length => context.random(length) })
  const now = context.now()
  const interaction: Interaction = { id: selector, browser: binding.hash, purpose, progress: {}, created_at: now }
  await context.store.commit([{ insert: interactionRecord(interaction) }])
  return interaction
}

/** The interaction under way in this browser, or why there is none. */
export async function findInteraction(
  id: string | undefined,
  binding: BrowserBinding,
  context: AuthorityContext,
): Promise<Stored<Interaction> | InteractionRefusal> {
  const stored =
    id !== undefined && idForm.test(id) ? await context.store.peek<Interaction>('interaction', id) : undefined
  if (stored === undefined) return { refused: 'login_expired' }
  if (!sameSecret(stored.value.browser, binding.hash)) return { refused: 'login_elsewhere' }
  const { value } = stored
  if (stored.usedAt !== undefined) return { refused: 'login_used', interaction: value }
  const expired = context.now() >= value.created_at + interactionTtlSeconds
  return expired ? { refused: 'login_expired', interaction: value } : stored
}

/** Notes what happened; `undefined` when another request of this browser was faster. */
export async function progressInteraction(
  stored: Stored<Interaction>,
  progress: Progress,
  context: AuthorityContext,
): Promise<Stored<Interaction> | undefined> {
  const value: Interaction = { ...stored.value, progress: { ...stored.value.progress, ...progress } }
  const result = await context.store.commit([{ replace: interactionRecord(value), version: stored.version }])
  return 'committed' in result ? await reread(value.id, context) : undefined
}

async function reread(id: string, context: AuthorityContext): Promise<Stored<Interaction> | undefined> {
  return await context.store.peek<Interaction>('interaction', id)
}

function interactionRecord(interaction: Interaction) {
  return {
    kind: 'interaction',
    key: interaction.id,
    value: interaction,
    expiresAt: interaction.created_at + rememberedSeconds,
  }
}
