import type { FastifyInstance } from 'fastify'
import type { Account } from '../account.ts'
import { setPassword } from '../accounts.ts'
import { deviceName } from '../pages/device.ts'
import { setUpCodePage, setUpPage } from '../pages/set-up.ts'
import { passkeyCreationOptions, registerPasskey } from '../passkeys.ts'
import { judgePassword } from '../rules/password.ts'
import { type Authentication, beginSession } from '../sessions.ts'
import { findSetUp, takeSetUp } from '../set-up-link.ts'
import type { Answer } from './answer.ts'
import type { FrontHandlers } from './front-handler.ts'
import { formContext, sessionCookieOf, type Visit } from './visit.ts'

/** The set-up link of a new user: code, then a passkey or a password, then signed in. The code works once. */
export function registerSetUp(app: FastifyInstance, base: string, { open, own }: FrontHandlers): void {
  app.get(
    `${base}/set-up`,
    open(async visit => ({ page: setUpCodePage(visit.site, { form: formContext(visit) }) })),
  )
  app.post(
    `${base}/set-up`,
    own(visit => withSetUp(visit, async ({ account, code }) => choose(visit, account, code))),
  )
  app.post(
    `${base}/set-up/password`,
    own(visit => withSetUp(visit, found => byPassword(visit, found))),
  )
  app.post(
    `${base}/set-up/passkey/options`,
    own(visit =>
      withSetUp(visit, async ({ account }) => ({
        json: await passkeyCreationOptions(visit.binding, account, visit.context),
      })),
    ),
  )
  app.post(
    `${base}/set-up/passkey`,
    own(visit => withSetUp(visit, found => byPasskey(visit, found))),
  )
}

type FoundSetUp = NonNullable<Awaited<ReturnType<typeof findSetUp>>> & { readonly code: string }

async function withSetUp(visit: Visit, act: (found: FoundSetUp) => Promise<Answer>): Promise<Answer> {
  const code = visit.body.fields.get('code') ?? ''
  const found = await findSetUp(code, visit.context)
  return found === undefined ? expired(visit) : act({ ...found, code })
}

function expired(visit: Visit): Answer {
  const error = 'This code is mistyped, too old or was used before. Ask your administrator for a new link.'
  return { page: setUpCodePage(visit.site, { form: formContext(visit), error }), status: 400 }
}

function choose(
  visit: Visit,
  account: Account,
  code: string,
  errors: { readonly error?: string; readonly passkeyError?: string } = {},
): Answer {
  return {
    page: setUpPage(visit.site, { form: formContext(visit), code, username: account.username, ...errors }),
    status: errors.error === undefined && errors.passkeyError === undefined ? 200 : 400,
  }
}

async function byPassword(visit: Visit, { stored, account, code }: FoundSetUp): Promise<Answer> {
  const password = visit.body.fields.get('password') ?? ''
  const judged = judgePassword(password, account.username)
  if (judged !== 'fine') return choose(visit, account, code, { error: judged.hint ?? 'Choose another password.' })
  if (!(await takeSetUp(stored, visit.context))) return expired(visit)
  const changed = await setPassword(visit.context, account.id, password)
  if ('refused' in changed) return choose(visit, account, code, { error: changed.hint ?? 'Choose another password.' })
  return signIn(visit, { account: changed, acr: 'urn:sallyport:acr:password', amr: ['pwd'] }, 'password.set')
}

async function byPasskey(visit: Visit, { stored, account, code }: FoundSetUp): Promise<Answer> {
  const { context, binding, body } = visit
  const added = await registerPasskey(
    body.fields.get('credential') ?? '',
    account,
    deviceName(visit.userAgent),
    binding,
    context,
    () => takeSetUp(stored, context),
  )
  if ('refused' in added)
    return choose(visit, account, code, { passkeyError: 'That did not work. Try again, or choose a password.' })
  return signIn(visit, { account, acr: 'urn:sallyport:acr:passkey', amr: ['hwk', 'user'] }, 'passkey.add')
}

async function signIn(visit: Visit, authentication: Authentication, action: string): Promise<Answer> {
  const { context, requestId } = visit
  const { account } = authentication
  const begun = await beginSession(authentication, visit.userAgent, visit.signedIn, context)
  if (begun === undefined) return expired(visit)
  await context.audit({
    at: context.now(),
    tenant: context.tenant,
    actor: account.id,
    action,
    target: account.id,
    outcome: 'done',
    request_id: requestId,
  })
  return { see: `${visit.site.base}/account`, cookies: [sessionCookieOf(visit, begun.token)] }
}
