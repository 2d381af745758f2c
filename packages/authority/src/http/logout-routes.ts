import { expireHostCookie, type Form } from '@sallyport/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isAuthorizationError } from '../authorization-error.ts'
import type { Client } from '../client.ts'
import { findClient } from '../clients.ts'
import { type IdTokenHint, judgeIdTokenHint } from '../id-token-hint.ts'
import { errorPage } from '../pages/error.ts'
import { signedOutPage, signOutPage } from '../pages/sign-out.ts'
import { judgePostLogoutRedirect } from '../rules/post-logout-redirect-uri.ts'
import type { Session } from '../session.ts'
import { endSession, type SignedIn } from '../sessions.ts'
import type { Answer } from './answer.ts'
import type { FrontHandlers } from './front-handler.ts'
import { formContext, isOwnForm, sessionCookie, type Visit } from './visit.ts'

/** RP-initiated logout, GET and POST (RP-Initiated Logout 1.0 §2). */
export function registerLogout(app: FastifyInstance, base: string, { open }: FrontHandlers): void {
  app.get(
    `${base}/logout`,
    open((visit, request) => logout(visit, visit.query, request)),
  )
  app.post(
    `${base}/logout`,
    open((visit, request) => logout(visit, visit.body, request)),
  )
}

interface LogoutRequest {
  readonly client: Client | undefined
  /** Where to go afterwards. */
  readonly location: string | undefined
  /** Whether the application proved, by an ID token of this very user or the session's name, that it may sign them out. */
  readonly proven: boolean
}

async function logout(visit: Visit, form: Form, request: FastifyRequest): Promise<Answer> {
  const judged = await judgeLogout(visit, form)
  if ('refusedPage' in judged) return judged.refusedPage
  const { signedIn, context } = visit
  const confirmed = form.fields.get('confirmed') === 'yes' && isOwnForm(request, visit)
  if (signedIn !== undefined && !judged.proven && !confirmed) return confirm(visit, form, judged.client)
  if (signedIn !== undefined) {
    await endSession(signedIn.session, signedIn.account.id, 'signed_out', context)
    await context.audit({
      at: context.now(),
      tenant: context.tenant,
      actor: signedIn.account.id,
      action: 'session.end',
      target: signedIn.session.sid,
      outcome: 'done',
      request_id: visit.requestId,
    })
  }
  const cookies = [expireHostCookie(sessionCookie, 'Lax')]
  if (judged.location !== undefined) return { see: judged.location, cookies }
  const { client } = judged
  const back =
    client?.client_uri === undefined ? undefined : { href: client.client_uri, label: `Back to ${client.client_name}` }
  return { page: signedOutPage(visit.site, back), cookies }
}

async function judgeLogout(visit: Visit, form: Form): Promise<LogoutRequest | { readonly refusedPage: Answer }> {
  const { context, signedIn } = visit
  const { fields } = form
  const [repeated] = form.repeated
  if (repeated !== undefined)
    return refused(visit, 'The application sent the same parameter twice.', 'parameter_repeated')
  const sentClient = fields.get('client_id')
  const hint = await judgeIdTokenHint(fields.get('id_token_hint'), sentClient, context)
  if (isAuthorizationError(hint)) return refused(visit, hint.hint, hint.reason)
  const clientId = sentClient ?? hint.clientId
  const client = clientId === undefined ? undefined : await findClient(context, clientId)
  const after = judgePostLogoutRedirect(fields.get('post_logout_redirect_uri'), client, fields.get('state'))
  if ('refused' in after)
    return refused(
      visit,
      'The address to go to after signing out is not registered for the application.',
      after.refused,
    )
  const proven =
    signedIn !== undefined && (isHinted(signedIn, hint) || isNamed(signedIn.session, fields.get('logout_hint'), client))
  return { client, location: after.location, proven }
}

const isHinted = ({ account, session }: SignedIn, hint: IdTokenHint): boolean =>
  hint.subject === account.id && (hint.sid === undefined || hint.sid === session.sid)

/**
 * Whether `logout_hint` is this session's `sid`, sent by a client that got it with an ID token. An application that keeps its
 * tokens from the browser proves itself so, without an ID token in an address (RP-Initiated Logout 1.0 §2 leaves the
 * hint's meaning to us).
 */
const isNamed = (session: Session, hint: string | undefined, client: Client | undefined): boolean =>
  hint === session.sid && client !== undefined && session.clients.includes(client.client_id)

function confirm(visit: Visit, form: Form, client: Client | undefined): Answer {
  const kept = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state']
  const fields = Object.fromEntries([...form.fields].filter(([name]) => kept.includes(name)))
  const { signedIn } = visit
  if (signedIn === undefined) return { page: signedOutPage(visit.site) }
  const target = form.fields.get('post_logout_redirect_uri')
  return {
    page: signOutPage(visit.site, {
      form: formContext(visit),
      person: signedIn.account,
      ...(client !== undefined && { clientName: client.client_name }),
      fields,
    }),
    formAction: target === undefined ? [] : [new URL(target).origin],
  }
}

function refused(visit: Visit, what: string, reason: string): { readonly refusedPage: Answer } {
  const page = errorPage(visit.site, {
    title: 'Signing out was refused',
    what,
    whose: 'app',
    reference: visit.requestId,
    back: { href: `${visit.site.base}/account`, label: 'Go to your account' },
    details: { reason },
  })
  return { refusedPage: { page, status: 400 } }
}
