import { beginInteraction, type Interaction, type InteractionPurpose } from '../interaction.ts'
import { errorPage } from '../pages/error.ts'
import type { Answer } from './answer.ts'
import type { Visit } from './visit.ts'

/** Begins a sign-in, unless the browser's network began too many: its row is written for whoever asks. */
export async function beginSignIn(visit: Visit, purpose: InteractionPurpose): Promise<Interaction | Answer> {
  const { allowed, retryAfterSeconds } = visit.quotas.signIns.take(visit.address)
  if (allowed) return await beginInteraction(purpose, visit.binding, visit.context)
  noteCrowd(visit)
  const page = errorPage(visit.site, {
    title: 'Too many sign-ins at once',
    what: 'Too many sign-ins were begun from your network in the last minute. Wait a moment, then try again.',
    whose: 'nobody',
    reference: visit.requestId,
    details: { reason: 'rate_limited', rule: 'RFC 6585 §4' },
  })
  return { page, status: 429, retryAfterSeconds: Math.max(1, retryAfterSeconds) }
}

/** The same for what a script of our pages asks: `undefined` when there is quota, which is spent. */
export function tooManyChallenges(visit: Visit): Answer | undefined {
  const { allowed, retryAfterSeconds } = visit.quotas.signIns.take(visit.address)
  if (allowed) return undefined
  noteCrowd(visit)
  const json = { error: 'temporarily_unavailable', reason: 'rate_limited', request_id: visit.requestId }
  return { json, status: 429, retryAfterSeconds: Math.max(1, retryAfterSeconds) }
}

const noteCrowd = ({ context, requestId }: Visit): void =>
  context.log.warn('sign_ins_crowded', { reason: 'rate_limited', rule: 'RFC 6585 §4', request_id: requestId })
