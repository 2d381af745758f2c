import type { AuthorizationError } from './authorization-error.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Client } from './client.ts'
import type { Grant } from './grant.ts'
import { meetsContext } from './rules/authentication-context.ts'
import type { Session } from './session.ts'

/** What happened in an interaction so far. */
export interface Progress {
  /** The session begun by signing in here: a fresh authentication, whatever `max_age` says. */
  readonly session?: string
  /** The session whose account was chosen on the account page. */
  readonly selected?: string
  /** The account that chose to go on without a passkey where one was asked for but not required. */
  readonly without_passkey?: string
}

/** All that decides what comes next. */
export interface Standing {
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly session: Session | undefined
  /** What the session's account has allowed this client before. */
  readonly grant: Grant | undefined
  readonly hasPasskey: boolean
  readonly progress: Progress
  /** Unix seconds. */
  readonly now: number
}

export type Step =
  | { readonly step: 'sign_in'; readonly why: 'no_session' | 'asked' | 'too_old' | 'other_account' }
  /** The session is not strong enough: a passkey is wanted, or required. */
  | { readonly step: 'passkey'; readonly required: boolean }
  | { readonly step: 'select_account' }
  | { readonly step: 'consent' }
  | { readonly step: 'issue'; readonly session: Session }
  | { readonly step: 'refuse'; readonly error: AuthorizationError }

/**
 * Decides what an authorization request needs next. Pure: asked again after each page, it answers from where things
 * stand, so no page can be skipped.
 *
 * @see OpenID Connect Core §3.1.2.1 (prompt, max_age, id_token_hint), §3.1.2.3, §3.1.2.4; RFC 9470 §5
 */
export function nextStep(standing: Standing): Step {
  const step = nextPage(standing)
  const silent = standing.request.prompt.includes('none')
  if (step.step === 'passkey' && standing.request.acr?.anyOf.length === 0)
    return { step: 'refuse', error: unmetContext }
  return silent && step.step !== 'issue' && step.step !== 'refuse' ? { step: 'refuse', error: silentError(step) } : step
}

function nextPage(
  standing: Standing,
): Exclude<Step, { step: 'refuse' }> | { step: 'refuse'; error: AuthorizationError } {
  const { request, session, progress, now } = standing
  if (session === undefined) return { step: 'sign_in', why: 'no_session' }
  const fresh = progress.session === session.id
  if (request.subject !== undefined && request.subject !== session.account) {
    return fresh ? { step: 'refuse', error: otherSubject } : { step: 'sign_in', why: 'other_account' }
  }
  if (request.prompt.includes('select_account') && !fresh && progress.selected !== session.id) {
    return { step: 'select_account' }
  }
  const tooOld = request.max_age !== undefined && now - session.auth_time > request.max_age
  const weak = weakness(standing, session)
  if (!fresh && (request.prompt.includes('login') || tooOld)) {
    // Signing in again with a passkey meets both wishes at once.
    return weak ?? { step: 'sign_in', why: tooOld ? 'too_old' : 'asked' }
  }
  if (weak !== undefined) return weak
  return needsConsent(standing) ? { step: 'consent' } : { step: 'issue', session }
}

function weakness(standing: Standing, session: Session): Extract<Step, { step: 'passkey' }> | undefined {
  const { request, progress, hasPasskey } = standing
  if (request.acr === undefined) return undefined
  const { acr } = request
  const satisfied = meetsContext(session.acr, acr) && !isStale(standing, session)
  if (satisfied || (meetsContext('urn:sallyport:acr:password', acr) && meetsContext(session.acr, acr))) return undefined
  if (acr.essential) return { step: 'passkey', required: true }
  // A voluntary wish is met where it can be; a silent request cannot set up a passkey, so it goes on without.
  const declined = progress.without_passkey === session.account
  const silent = request.prompt.includes('none')
  return declined || (silent && !hasPasskey) ? undefined : { step: 'passkey', required: false }
}

function isStale({ request, progress, now }: Standing, session: Session): boolean {
  if (progress.session === session.id) return false
  return (
    request.prompt.includes('login') || (request.max_age !== undefined && now - session.auth_time > request.max_age)
  )
}

/** Whether the user must be asked: not for what was allowed before, unless the client cannot be told from another app. */
function needsConsent({ request, client, grant }: Standing): boolean {
  if (request.prompt.includes('consent')) return true
  if (client.consent === 'implied') return false
  // RFC 8252 §8.6: another app on the device can take a native public client's name and redirect URI.
  if (client.application_type === 'native' && client.token_endpoint_auth_method === 'none') return true
  return !covers(grant, request.scopesByResource)
}

/** Whether a grant holds every one of these scopes. */
export function covers(grant: Grant | undefined, asked: AuthorizationRequest['scopesByResource']): boolean {
  if (grant === undefined || grant.revoked_at !== undefined) return false
  return Object.entries(asked).every(([resource, scopes]) => {
    const allowed = grant.scopes[resource]
    return allowed !== undefined && scopes.every(scope => allowed.includes(scope))
  })
}

function silentError(step: {
  readonly step: 'sign_in' | 'passkey' | 'select_account' | 'consent'
}): AuthorizationError {
  const rule = 'OpenID Connect Core §3.1.2.6'
  switch (step.step) {
    case 'sign_in':
    case 'passkey':
      return {
        error: 'login_required',
        reason: 'login_required',
        rule,
        hint: 'The user must sign in; send the request without prompt=none.',
      }
    case 'select_account':
      return {
        error: 'account_selection_required',
        reason: 'account_selection_required',
        rule,
        hint: 'The user must choose an account; send the request without prompt=none.',
      }
    case 'consent':
      return {
        error: 'consent_required',
        reason: 'consent_required',
        rule,
        hint: 'The user must be asked; send the request without prompt=none.',
      }
  }
}

const otherSubject: AuthorizationError = {
  error: 'login_required',
  reason: 'other_subject',
  rule: 'OpenID Connect Core §3.1.2.1',
  hint: 'Another user signed in than the one the request names.',
}

const unmetContext: AuthorizationError = {
  error: 'unmet_authentication_requirements',
  reason: 'acr_unknown',
  rule: 'OpenID Connect Core §5.5.1.1',
  hint: 'None of the essential acr values is supported; acr_values_supported in the metadata lists them.',
}
