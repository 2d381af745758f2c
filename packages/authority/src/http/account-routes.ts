import type { FastifyInstance, FastifyRequest } from 'fastify'
import { disconnectClient, listGrants } from '../account-grants.ts'
import { findClient } from '../clients.ts'
import { beginInteraction } from '../interaction.ts'
import { accountPage, type ConnectedApp } from '../pages/account.ts'
import { listPasskeys } from '../passkeys.ts'
import { countRecoveryCodes } from '../recovery-codes.ts'
import { listResources } from '../resources.ts'
import { endOtherSessions, endSession, listSessions, type SignedIn } from '../sessions.ts'
import { registerAccountCredentials } from './account-credential-routes.ts'
import type { Answer } from './answer.ts'
import type { FrontHandlers, VisitHandler } from './front-handler.ts'
import { freshSeconds } from './sign-in-routes.ts'
import { formContext, type Visit } from './visit.ts'

export type AccountHandler = (visit: Visit, signedIn: SignedIn, request: FastifyRequest) => Promise<Answer>

/** The account pages; each wants a session, those that change how one signs in a recent sign-in. */
export function registerAccount(app: FastifyInstance, base: string, handlers: FrontHandlers): void {
  const { open, own } = handlers
  app.get(`${base}/account`, open(signedInOnly('/account', showAccount)))
  app.post(`${base}/account/sessions/end`, own(signedInOnly('/account', endOne)))
  app.post(`${base}/account/sessions/end-others`, own(signedInOnly('/account', endOthers)))
  app.post(`${base}/account/apps/remove`, own(signedInOnly('/account', removeApp)))
  registerAccountCredentials(app, base, handlers)
}

/** Sends whoever is not signed in to sign in first, and then to `path`. */
export function signedInOnly(path: string, handler: AccountHandler): VisitHandler {
  return (visit, request) =>
    visit.signedIn === undefined ? toSignIn(visit, path, false) : handler(visit, visit.signedIn, request)
}

/** As `signedInOnly`, and the sign-in must be recent: a browser left alone must not change how its owner signs in. */
export function recentOnly(path: string, handler: AccountHandler): VisitHandler {
  return (visit, request) => {
    const { signedIn, context } = visit
    const recent = signedIn !== undefined && context.now() - signedIn.session.auth_time <= freshSeconds
    return recent ? handler(visit, signedIn, request) : toSignIn(visit, path, true)
  }
}

async function toSignIn(visit: Visit, path: string, fresh: boolean): Promise<Answer> {
  const interaction = await beginInteraction({ kind: 'visit', path, fresh }, visit.binding, visit.context)
  return { see: `${visit.site.base}/sign-in?login=${interaction.id}` }
}

const doneTexts: Readonly<Record<string, string>> = {
  session: 'That session was ended.',
  sessions: 'All other sessions were ended.',
  app: 'The application was removed. Its access ended at once.',
  passkey: 'Your passkey was added.',
  'passkey-removed': 'The passkey was removed.',
  'passkey-kept': 'The passkey was kept: it is your only way to sign in. Add another one or set a password first.',
  password: 'Your password was changed. Everywhere else you are signed out.',
}

async function showAccount(visit: Visit, { account, session }: SignedIn): Promise<Answer> {
  const { context, site } = visit
  const [sessions, passkeys, recoveryCodes, apps] = await Promise.all([
    listSessions(account.id, context),
    listPasskeys(account.id, context),
    countRecoveryCodes(account.id, context),
    connectedApps(visit, account.id),
  ])
  const done = doneTexts[visit.query.fields.get('done') ?? '']
  const page = accountPage(site, {
    form: formContext(visit),
    account,
    current: session,
    sessions,
    passkeys,
    recoveryCodes,
    apps,
    now: context.now(),
    ...(done !== undefined && { done }),
  })
  return { page }
}

async function connectedApps(visit: Visit, subject: string): Promise<readonly ConnectedApp[]> {
  const { context } = visit
  const [grants, resources] = await Promise.all([listGrants(subject, context), listResources(context)])
  return Promise.all(
    grants.map(async grant => ({ grant, client: await findClient(context, grant.client_id), resources })),
  )
}

async function endOne(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const { context, site } = visit
  const id = visit.body.fields.get('session')
  const session = (await listSessions(account.id, context)).find(each => each.id === id)
  if (session !== undefined) {
    await endSession(session, account.id, 'ended_by_user', context)
    await audit(visit, account.id, 'session.end', session.sid)
  }
  return { see: `${site.base}/account?done=session` }
}

async function endOthers(visit: Visit, { account, session }: SignedIn): Promise<Answer> {
  await endOtherSessions(account.id, session.id, 'ended_by_user', visit.context)
  await audit(visit, account.id, 'session.end-others', session.sid)
  return { see: `${visit.site.base}/account?done=sessions` }
}

async function removeApp(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const clientId = visit.body.fields.get('client_id')
  if (clientId !== undefined) {
    await disconnectClient(account.id, clientId, visit.context)
    await audit(visit, account.id, 'grant.revoke', clientId)
  }
  return { see: `${visit.site.base}/account?done=app` }
}

/** What a person did to their own account. */
export async function audit(visit: Visit, actor: string, action: string, target: string): Promise<void> {
  const { context, requestId } = visit
  await context.audit({
    at: context.now(),
    tenant: context.tenant,
    actor,
    action,
    target,
    outcome: 'done',
    request_id: requestId,
  })
}
