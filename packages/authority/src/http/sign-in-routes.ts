import type { Stored } from '@sallyport/store'
import type { FastifyInstance } from 'fastify'
import type { AuthorizationError } from '../authorization-error.ts'
import { countByNetwork } from '../guesses.ts'
import { findInteraction, freshSeconds, type Interaction, progressInteraction } from '../interaction.ts'
import type { Progress, Step } from '../next-step.ts'
import type { SignInParts } from '../pages/sign-in.ts'
import { passkeyRequestOptions, signInWithPasskey } from '../passkeys.ts'
import { signInWithPassword } from '../password-sign-in.ts'
import { signInWithRecoveryCode } from '../recovery-codes.ts'
import { type Authentication, beginSession, type SignedIn } from '../sessions.ts'
import type { Answer } from './answer.ts'
import { beginSignIn, tooManyChallenges } from './begin-sign-in.ts'
import { answerWithCode, answerWithError, clientOf, refuseInteraction, stepOf } from './flow.ts'
import type { FrontHandlers } from './front-handler.ts'
import { showAccountChoice, showSignIn, showStepUp } from './sign-in-pages.ts'
import { sessionCookieOf, type Visit } from './visit.ts'

/** The sign-in pages: password, passkey, recovery code, step-up, account choice, and the way back to the application. */
export function registerSignIn(app: FastifyInstance, base: string, { open, own }: FrontHandlers): void {
  app.get(
    `${base}/sign-in`,
    open(visit => withInteraction(visit, 'query', stored => showStep(visit, stored))),
  )
  app.get(
    `${base}/sign-in/recovery`,
    open(visit => withInteraction(visit, 'query', stored => showStep(visit, stored, { recovery: true }))),
  )
  app.post(
    `${base}/sign-in`,
    own(visit => withInteraction(visit, 'body', stored => byPassword(visit, stored))),
  )
  app.post(
    `${base}/sign-in/recovery`,
    own(visit => withInteraction(visit, 'body', stored => byRecoveryCode(visit, stored))),
  )
  app.post(
    `${base}/sign-in/passkey`,
    own(visit => withInteraction(visit, 'body', stored => byPasskey(visit, stored))),
  )
  app.post(
    `${base}/sign-in/passkey/options`,
    own(visit => withInteraction(visit, 'body', stored => passkeyOptions(visit, stored))),
  )
  app.post(
    `${base}/sign-in/select`,
    own(visit =>
      withInteraction(visit, 'body', stored => goOn(visit, stored, { selected: visit.signedIn?.session.id ?? '' })),
    ),
  )
  app.post(
    `${base}/sign-in/without-passkey`,
    own(visit =>
      withInteraction(visit, 'body', stored =>
        goOn(visit, stored, { without_passkey: visit.signedIn?.account.id ?? '' }),
      ),
    ),
  )
  app.post(
    `${base}/sign-in/switch`,
    own(visit => withInteraction(visit, 'body', stored => showSignIn(visit, stored, { why: 'no_session' }))),
  )
  app.post(
    `${base}/sign-in/cancel`,
    own(visit => withInteraction(visit, 'body', stored => cancel(visit, stored))),
  )
}

async function withInteraction(
  visit: Visit,
  where: 'query' | 'body',
  act: (stored: Stored<Interaction>) => Promise<Answer>,
): Promise<Answer> {
  const id = visit[where].fields.get('login')
  if (id === undefined && where === 'query') {
    const own = await beginSignIn(visit, { kind: 'visit', path: '/account', fresh: false })
    if (!('id' in own)) return own
    return { see: `${visit.site.base}/sign-in?login=${own.id}` }
  }
  const stored = await findInteraction(id, visit.binding, visit.context)
  return 'refused' in stored ? refuseInteraction(visit, stored) : act(stored)
}

/** What an interaction needs next, for whoever is signed in. */
async function judgeStep(
  visit: Visit,
  stored: Stored<Interaction>,
  signedIn: SignedIn | undefined,
): Promise<Step | { readonly step: 'visited' } | { readonly step: 'client_gone' }> {
  const { purpose, progress } = stored.value
  if (purpose.kind === 'visit') {
    if (signedIn === undefined) return { step: 'sign_in', why: 'no_session' }
    const recent =
      progress.session === signedIn.session.id || visit.context.now() - signedIn.session.auth_time <= freshSeconds
    return purpose.fresh && !recent ? { step: 'sign_in', why: 'too_old' } : { step: 'visited' }
  }
  const client = await clientOf(visit, purpose.request)
  return client === undefined ? { step: 'client_gone' } : stepOf(visit, purpose.request, client, progress, signedIn)
}

/** Shows the page an interaction stands at, or ends it. */
async function showStep(visit: Visit, stored: Stored<Interaction>, parts: Partial<SignInParts> = {}): Promise<Answer> {
  const step = await judgeStep(visit, stored, visit.signedIn)
  switch (step.step) {
    case 'sign_in':
      return showSignIn(visit, stored, { why: step.why, ...parts })
    case 'passkey':
      return showStepUp(visit, stored, step.required)
    case 'select_account':
      return showAccountChoice(visit, stored)
    default:
      return afterPage(visit, stored, visit.signedIn)
  }
}

/** After a page was answered: on to the next one, or back to the client. */
async function afterPage(visit: Visit, stored: Stored<Interaction>, signedIn: SignedIn | undefined): Promise<Answer> {
  const step = await judgeStep(visit, stored, signedIn)
  const { purpose } = stored.value
  if (step.step === 'client_gone') return refuseInteraction(visit, { refused: 'login_expired' })
  if (step.step === 'visited') return visited(visit, stored)
  if (step.step === 'consent') return { see: `${visit.site.base}/consent?login=${stored.key}` }
  if (purpose.kind === 'authorize' && step.step === 'issue')
    return answerWithCode(visit, purpose.request, step.session, stored)
  if (purpose.kind === 'authorize' && step.step === 'refuse')
    return answerWithError(visit, step.error, purpose.request, stored)
  return { see: `${visit.site.base}/sign-in?login=${stored.key}` }
}

async function visited(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const { purpose } = stored.value
  const path = purpose.kind === 'visit' ? purpose.path : '/account'
  await visit.context.store.take('interaction', stored.key, { put: [] })
  return { see: `${visit.site.base}${path}` }
}

async function goOn(visit: Visit, stored: Stored<Interaction>, progress: Progress): Promise<Answer> {
  const next = await progressInteraction(stored, progress, visit.context)
  return afterPage(visit, next ?? stored, visit.signedIn)
}

async function byPassword(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const username = visit.body.fields.get('username') ?? ''
  const password = visit.body.fields.get('password') ?? ''
  const result = await signInWithPassword(
    { username, password, address: visit.address, browser: visit.binding.hash },
    visit.context,
  )
  return 'refused' in result ? refuseSignIn(visit, stored, result, username, false) : signedInBy(visit, stored, result)
}

async function byRecoveryCode(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const username = visit.body.fields.get('username') ?? ''
  const code = visit.body.fields.get('code') ?? ''
  const result = await signInWithRecoveryCode(
    { username, code, address: visit.address, browser: visit.binding.hash },
    visit.context,
  )
  return 'refused' in result ? refuseSignIn(visit, stored, result, username, true) : signedInBy(visit, stored, result)
}

async function refuseSignIn(
  visit: Visit,
  stored: Stored<Interaction>,
  refusal: { readonly refused: string; readonly waitSeconds?: number },
  username: string,
  recovery: boolean,
): Promise<Answer> {
  const { context } = visit
  context.log.warn('sign_in_refused', { reason: refusal.refused, request_id: visit.requestId })
  // A guess that was not even taken is no event of the trail: nobody could stop a stranger from filling it.
  if (refusal.waitSeconds === undefined) await auditSignIn(visit, 'nobody', 'refused', refusal.refused)
  const error =
    refusal.waitSeconds === undefined ? ('wrong_credentials' as const) : { waitSeconds: refusal.waitSeconds }
  return showSignIn(visit, stored, { error, recovery, ...(username !== '' && { username }) })
}

async function byPasskey(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const { context } = visit
  const result = await signInWithPasskey(visit.body.fields.get('credential') ?? '', visit.binding, context)
  if (!('refused' in result)) return signedInBy(visit, stored, result)
  context.log.warn('passkey_refused', { ...result, request_id: visit.requestId })
  // A right passkey never waits, for none can be guessed; but a network fills the trail no faster than with passwords.
  const counted = await countByNetwork({ address: visit.address }, context)
  if (counted === 'go') await auditSignIn(visit, 'nobody', 'refused', result.refused)
  const step = await judgeStep(visit, stored, visit.signedIn)
  return step.step === 'passkey'
    ? showStepUp(visit, stored, step.required, true)
    : showSignIn(visit, stored, { error: 'passkey_refused' })
}

/** For step-up only the passkeys of whoever is signed in; at sign-in, any of this site. */
async function passkeyOptions(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const step = await judgeStep(visit, stored, visit.signedIn)
  const account = step.step === 'passkey' ? visit.signedIn?.account.id : undefined
  const crowded = account === undefined ? tooManyChallenges(visit) : undefined
  if (crowded !== undefined) return crowded
  return { json: await passkeyRequestOptions(visit.binding, account, visit.context) }
}

async function signedInBy(visit: Visit, stored: Stored<Interaction>, authentication: Authentication): Promise<Answer> {
  const { context } = visit
  const begun = await beginSession(authentication, visit.userAgent, visit.signedIn, context)
  const { username } = authentication.account
  if (begun === undefined) return refuseSignIn(visit, stored, { refused: 'wrong_credentials' }, username, false)
  const { session, token } = begun
  await auditSignIn(visit, authentication.account.id, 'done', authentication.amr.join(' '))
  const next = await progressInteraction(stored, { session: session.id }, context)
  const answer = await afterPage(visit, next ?? stored, { session, account: authentication.account })
  return { ...answer, cookies: [...(answer.cookies ?? []), sessionCookieOf(visit, token)] }
}

/** Back to the application with an error: `access_denied`, or the one for a context that was required and not met. */
async function cancel(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const { purpose } = stored.value
  if (purpose.kind === 'visit') return { see: `${visit.site.base}/` }
  const step = await judgeStep(visit, stored, visit.signedIn)
  const error = step.step === 'passkey' && step.required ? unmet : cancelled
  return answerWithError(visit, error, purpose.request, stored)
}

const cancelled: AuthorizationError = {
  error: 'access_denied',
  reason: 'cancelled',
  rule: 'OAuth 2.1 §4.1.2.1',
  hint: 'The user cancelled the sign-in.',
}

const unmet: AuthorizationError = {
  error: 'unmet_authentication_requirements',
  reason: 'acr_not_met',
  rule: 'OpenID Connect Core Unmet Authentication Requirements §2',
  hint: 'The user did not sign in as strongly as the request requires.',
}

async function auditSignIn(visit: Visit, actor: string, outcome: 'done' | 'refused', reason: string): Promise<void> {
  const { context, requestId } = visit
  await context.audit({
    at: context.now(),
    tenant: context.tenant,
    actor,
    action: 'session.begin',
    outcome,
    reason,
    request_id: requestId,
  })
}
