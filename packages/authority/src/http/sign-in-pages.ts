import type { Stored } from '@sallyport/store'
import type { Interaction } from '../interaction.ts'
import { type SignInParts, selectAccountPage, signInPage, stepUpPage } from '../pages/sign-in.ts'
import { listPasskeys } from '../passkeys.ts'
import type { Answer } from './answer.ts'
import { clientOf, formActionOf } from './flow.ts'
import { formContext, type Visit } from './visit.ts'

/** The sign-in page of an interaction: 401 with an error, 429 with a wait. */
export async function showSignIn(
  visit: Visit,
  stored: Stored<Interaction>,
  parts: Partial<SignInParts>,
): Promise<Answer> {
  const { purpose } = stored.value
  const request = purpose.kind === 'authorize' ? purpose.request : undefined
  const client = request === undefined ? undefined : await clientOf(visit, request)
  const known = parts.why === 'asked' || parts.why === 'too_old' ? visit.signedIn?.account.username : undefined
  const username = parts.username ?? known ?? request?.login_hint
  const wait = typeof parts.error === 'object' ? parts.error.waitSeconds : undefined
  return {
    page: signInPage(visit.site, {
      form: formContext(visit, stored.key),
      ...(client !== undefined && { client }),
      ...parts,
      ...(username !== undefined && { username }),
    }),
    status: wait !== undefined ? 429 : parts.error === undefined ? 200 : 401,
    ...(wait !== undefined && { retryAfterSeconds: wait }),
    formAction: request === undefined ? [] : formActionOf(request),
    popup: true,
  }
}

/** The page that asks for a passkey, or offers to add one. */
export async function showStepUp(
  visit: Visit,
  stored: Stored<Interaction>,
  required: boolean,
  refused = false,
): Promise<Answer> {
  const { purpose } = stored.value
  const { signedIn } = visit
  const client = purpose.kind === 'authorize' ? await clientOf(visit, purpose.request) : undefined
  if (purpose.kind !== 'authorize' || client === undefined || signedIn === undefined)
    return showSignIn(visit, stored, {})
  const hasPasskey = (await listPasskeys(signedIn.account.id, visit.context)).length > 0
  return {
    page: stepUpPage(visit.site, {
      form: formContext(visit, stored.key),
      client,
      person: signedIn.account,
      hasPasskey,
      required,
      refused,
    }),
    status: refused ? 401 : 200,
    formAction: formActionOf(purpose.request),
    popup: true,
  }
}

/** The page that asks which account goes on. */
export async function showAccountChoice(visit: Visit, stored: Stored<Interaction>): Promise<Answer> {
  const { purpose } = stored.value
  const client = purpose.kind === 'authorize' ? await clientOf(visit, purpose.request) : undefined
  if (purpose.kind !== 'authorize' || client === undefined || visit.signedIn === undefined)
    return showSignIn(visit, stored, {})
  return {
    page: selectAccountPage(visit.site, {
      form: formContext(visit, stored.key),
      client,
      person: visit.signedIn.account,
    }),
    formAction: formActionOf(purpose.request),
    popup: true,
  }
}
