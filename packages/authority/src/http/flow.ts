import type { Stored } from '@sallyport/store'
import { findGrant } from '../account-grants.ts'
import type { AuthorizationError } from '../authorization-error.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import { type AuthorizationResponse, codeResponse, errorResponse } from '../authorization-response.ts'
import type { Client } from '../client.ts'
import { findClient } from '../clients.ts'
import type { Interaction, InteractionRefusal } from '../interaction.ts'
import { issueCode } from '../issue-code.ts'
import { nextStep, type Step } from '../next-step.ts'
import { errorPage } from '../pages/error.ts'
import { formPostPage, submitScriptHash } from '../pages/form-post.ts'
import { listPasskeys } from '../passkeys.ts'
import type { Session } from '../session.ts'
import type { SignedIn } from '../sessions.ts'
import type { Answer } from './answer.ts'
import type { Visit } from './visit.ts'

/** An interaction that leads to a client, with all that its next step depends on. */
export interface ClientFlow {
  readonly stored: Stored<Interaction>
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly step: Step
}

/** Where an authorization request stands for whoever is signed in. */
export async function stepOf(
  visit: Visit,
  request: AuthorizationRequest,
  client: Client,
  progress: Interaction['progress'],
  signedIn: SignedIn | undefined = visit.signedIn,
): Promise<Step> {
  const { context } = visit
  const account = signedIn?.account.id
  return nextStep({
    request,
    client,
    session: signedIn?.session,
    grant: account === undefined ? undefined : await findGrant(account, client.client_id, context),
    hasPasskey: account !== undefined && request.acr !== undefined && (await listPasskeys(account, context)).length > 0,
    progress,
    now: context.now(),
  })
}

/** The client of an interaction, as registered now; a client that is gone or switched off gets nothing. */
export async function clientOf(visit: Visit, request: AuthorizationRequest): Promise<Client | undefined> {
  const client = await findClient(visit.context, request.client_id)
  return client === undefined || client.disabled ? undefined : client
}

/** Ends with a code for the client. */
export async function answerWithCode(
  visit: Visit,
  request: AuthorizationRequest,
  session: Session,
  stored?: Stored<Interaction>,
): Promise<Answer> {
  const { context } = visit
  const issued = await issueCode(request, session, stored, context)
  if ('refused' in issued)
    return refuseInteraction(visit, {
      refused: 'login_used',
      ...(stored !== undefined && { interaction: stored.value }),
    })
  await context.audit({
    at: context.now(),
    tenant: context.tenant,
    actor: session.account,
    action: 'code.issue',
    target: request.client_id,
    outcome: 'done',
    request_id: visit.requestId,
    detail: { scope: request.scope.join(' '), resources: request.resources, acr: session.acr },
  })
  return answerToClient(visit, codeResponse(issued.code, request, context.issuer))
}

/** Ends with an error for the client. */
export async function answerWithError(
  visit: Visit,
  error: AuthorizationError,
  target: Parameters<typeof errorResponse>[1],
  stored?: Stored<Interaction>,
): Promise<Answer> {
  const { context } = visit
  context.log.info('authorization_refused', { ...error, request_id: visit.requestId })
  if (stored !== undefined) {
    const taken = await context.store.take('interaction', stored.key, { put: [] })
    if (!('won' in taken)) return refuseInteraction(visit, { refused: 'login_used', interaction: stored.value })
  }
  return answerToClient(visit, errorResponse(error, target, context.issuer))
}

function answerToClient(visit: Visit, response: AuthorizationResponse): Answer {
  if (response.mode === 'query') return { see: response.location }
  return {
    page: formPostPage(visit.site, response),
    formAction: [new URL(response.action).origin],
    inlineScript: submitScriptHash,
    popup: true,
  }
}

/** The origin that this interaction's forms lead to in the end. */
export const formActionOf = (request: AuthorizationRequest): readonly string[] => [new URL(request.redirect_uri).origin]

const refusals = {
  login_expired: [
    'This sign-in took too long',
    'A sign-in must be finished within ten minutes. Nothing was changed; start it again where you came from.',
  ],
  login_used: [
    'This sign-in is already finished',
    'It was answered before, perhaps in another tab or before you went back. It cannot be answered twice.',
  ],
  login_elsewhere: [
    'This sign-in began in another browser',
    'For your safety it can only be finished where it began. Start it again here.',
  ],
} as const

/** Kindly refuses an interaction that is over, with the way to start again where it is known. */
export async function refuseInteraction(visit: Visit, refusal: InteractionRefusal): Promise<Answer> {
  const [title, what] = refusals[refusal.refused]
  const purpose = refusal.refused === 'login_elsewhere' ? undefined : refusal.interaction?.purpose
  const client = purpose?.kind === 'authorize' ? await clientOf(visit, purpose.request) : undefined
  const back =
    client?.client_uri !== undefined
      ? { href: client.client_uri, label: `Start again at ${client.client_name}` }
      : { href: `${visit.site.base}/account`, label: 'Go to your account' }
  const page = errorPage(visit.site, {
    title,
    what,
    whose: 'nobody',
    reference: visit.requestId,
    back,
    details: { reason: refusal.refused },
  })
  return { page, status: 400 }
}
