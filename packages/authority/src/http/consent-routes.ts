import type { Stored } from '@sallyport/store'
import type { FastifyInstance } from 'fastify'
import type { AuthorizationError } from '../authorization-error.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import { findInteraction, type Interaction } from '../interaction.ts'
import { consentPage } from '../pages/consent.ts'
import { findResource } from '../resources.ts'
import type { Answer } from './answer.ts'
import {
  answerWithCode,
  answerWithError,
  type ClientFlow,
  clientOf,
  formActionOf,
  refuseInteraction,
  stepOf,
} from './flow.ts'
import type { FrontHandlers } from './front-handler.ts'
import { formContext, type Visit } from './visit.ts'

/** Consent (OpenID Connect Core §3.1.2.4): shown and answered only when nothing comes before it. */
export function registerConsent(app: FastifyInstance, base: string, { open, own }: FrontHandlers): void {
  app.get(
    `${base}/consent`,
    open(visit => withFlow(visit, visit.query.fields.get('login'), flow => show(visit, flow))),
  )
  app.post(
    `${base}/consent`,
    own(visit => withFlow(visit, visit.body.fields.get('login'), flow => answer(visit, flow))),
  )
}

async function withFlow(
  visit: Visit,
  id: string | undefined,
  act: (flow: ClientFlow) => Promise<Answer>,
): Promise<Answer> {
  const stored: Stored<Interaction> | { readonly refused: 'login_expired' | 'login_used' | 'login_elsewhere' } =
    await findInteraction(id, visit.binding, visit.context)
  if ('refused' in stored) return refuseInteraction(visit, stored)
  const { purpose, progress } = stored.value
  const client = purpose.kind === 'authorize' ? await clientOf(visit, purpose.request) : undefined
  if (purpose.kind !== 'authorize' || client === undefined)
    return refuseInteraction(visit, { refused: 'login_expired' })
  const step = await stepOf(visit, purpose.request, client, progress)
  return act({ stored, request: purpose.request, client, step })
}

async function show(visit: Visit, flow: ClientFlow): Promise<Answer> {
  const { request, client, step, stored } = flow
  const { signedIn, site } = visit
  if (step.step !== 'consent' || signedIn === undefined) return { see: `${site.base}/sign-in?login=${stored.key}` }
  return {
    page: consentPage(site, {
      form: formContext(visit, stored.key),
      client,
      redirectUri: request.redirect_uri,
      person: signedIn.account,
      identity: request.scopesByResource[''] ?? [],
      resources: await asked(visit, request),
    }),
    formAction: formActionOf(request),
    popup: true,
  }
}

async function asked(visit: Visit, request: AuthorizationRequest) {
  const found = await Promise.all(request.resources.map(identifier => findResource(visit.context, identifier)))
  return found.flatMap(resource =>
    resource === undefined ? [] : [{ resource, scopes: request.scopesByResource[resource.resource] ?? [] }],
  )
}

async function answer(visit: Visit, flow: ClientFlow): Promise<Answer> {
  const { request, step, stored } = flow
  const { signedIn, site } = visit
  if (visit.body.fields.get('answer') === 'deny') return answerWithError(visit, denied, request, stored)
  const allowed = visit.body.fields.get('answer') === 'allow' && (step.step === 'consent' || step.step === 'issue')
  if (!allowed || signedIn === undefined) return { see: `${site.base}/sign-in?login=${stored.key}` }
  return answerWithCode(visit, request, signedIn.session, stored)
}

const denied: AuthorizationError = {
  error: 'access_denied',
  reason: 'denied_by_user',
  rule: 'OAuth 2.1 §4.1.2.1',
  hint: 'The user denied the request.',
}
