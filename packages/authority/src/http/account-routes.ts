import type { FastifyInstance } from 'fastify'
import { disconnectClient, listGrants } from '../account-grants.ts'
import { findClient } from '../clients.ts'
import { accountPage, type ConnectedApp } from '../pages/account.ts'
import { listPasskeys } from '../passkeys.ts'
import { countRecoveryCodes } from '../recovery-codes.ts'
import { listResources } from '../resources.ts'
import { endOtherSessions, endSession, listSessions, type SignedIn } from '../sessions.ts'
import { registerAccountCredentials } from './account-credential-routes.ts'
import type { Answer } from './answer.ts'
import type { FrontHandlers } from './front-handler.ts'
import { auditAccount, signedInOnly } from './signed-in-only.ts'
import { formContext, type Visit } from './visit.ts'

/** The account pages; each wants a session, those that change how one signs in a recent sign-in. */
export function registerAccount(app: FastifyInstance, base: string, handlers: FrontHandlers): void {
  const { open, own } = handlers
  app.get(`${base}/account`, open(signedInOnly('/account', showAccount)))
  app.post(`${base}/account/sessions/end`, own(signedInOnly('/account', endOne)))
  app.post(`${base}/account/sessions/end-others`, own(signedInOnly('/account', endOthers)))
  app.post(`${base}/account/apps/remove`, own(signedInOnly('/account', removeApp)))
  registerAccountCredentials(app, base, handlers)
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
    await auditAccount(visit, account.id, 'session.end', session.sid)
  }
  return { see: `${site.base}/account?done=session` }
}

async function endOthers(visit: Visit, { account, session }: SignedIn): Promise<Answer> {
  await endOtherSessions(account.id, session.id, 'ended_by_user', visit.context)
  await auditAccount(visit, account.id, 'session.end-others', session.sid)
  return { see: `${visit.site.base}/account?done=sessions` }
}

async function removeApp(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const clientId = visit.body.fields.get('client_id')
  if (clientId !== undefined) {
    await disconnectClient(account.id, clientId, visit.context)
    await auditAccount(visit, account.id, 'grant.revoke', clientId)
  }
  return { see: `${visit.site.base}/account?done=app` }
}
