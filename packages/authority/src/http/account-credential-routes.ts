import type { FastifyInstance } from 'fastify'
import { setPassword } from '../accounts.ts'
import { countGuess, forgiveGuesses } from '../guesses.ts'
import { newPasskeyPage, passwordPage, recoveryCodesPage } from '../pages/credentials.ts'
import { deviceName } from '../pages/device.ts'
import { listPasskeys, passkeyCreationOptions, registerPasskey, removePasskey } from '../passkeys.ts'
import { renewRecoveryCodes } from '../recovery-codes.ts'
import type { SignedIn } from '../sessions.ts'
import type { Answer } from './answer.ts'
import type { FrontHandlers } from './front-handler.ts'
import { auditAccount, recentOnly } from './signed-in-only.ts'
import { formContext, type Visit } from './visit.ts'

/** How a person signs in: passkeys, password, recovery codes. Every change wants a recent sign-in. */
export function registerAccountCredentials(app: FastifyInstance, base: string, { open, own }: FrontHandlers): void {
  app.get(
    `${base}/account/passkeys/new`,
    open((visit, request) => recentOnly(newPasskeyPath(visit), showNewPasskey)(visit, request)),
  )
  app.post(`${base}/account/passkeys/options`, own(recentOnly('/account/passkeys/new', passkeyOptions)))
  app.post(`${base}/account/passkeys`, own(recentOnly('/account/passkeys/new', addPasskey)))
  app.post(`${base}/account/passkeys/remove`, own(recentOnly('/account', dropPasskey)))
  app.get(
    `${base}/account/password`,
    open(recentOnly('/account/password', async (visit, signedIn) => showPassword(visit, signedIn, {}))),
  )
  app.post(`${base}/account/password`, own(recentOnly('/account/password', changePassword)))
  app.post(`${base}/account/recovery-codes`, own(recentOnly('/account', showRecoveryCodes)))
}

/** A sign-in that waits for a passkey goes on afterwards. */
function loginOf(visit: Visit): string | undefined {
  const login = visit.query.fields.get('login') ?? visit.body.fields.get('login')
  return login !== undefined && /^[0-9A-Za-z]{20}$/.test(login) ? login : undefined
}

function newPasskeyPath(visit: Visit): string {
  const login = loginOf(visit)
  return login === undefined ? '/account/passkeys/new' : `/account/passkeys/new?login=${login}`
}

async function showNewPasskey(visit: Visit): Promise<Answer> {
  return {
    page: newPasskeyPage(visit.site, {
      form: formContext(visit, loginOf(visit)),
      suggestedName: deviceName(visit.userAgent),
    }),
    popup: true,
  }
}

async function passkeyOptions(visit: Visit, { account }: SignedIn): Promise<Answer> {
  return { json: await passkeyCreationOptions(visit.binding, account, visit.context) }
}

async function addPasskey(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const { context, site, body } = visit
  const name = body.fields.get('name') ?? deviceName(visit.userAgent)
  const added = await registerPasskey(body.fields.get('credential') ?? '', account, name, visit.binding, context)
  const login = loginOf(visit)
  if ('refused' in added) {
    context.log.warn('passkey_refused', { ...added, request_id: visit.requestId })
    const error =
      added.refused === 'passkey_expired'
        ? 'That took too long. Try again.'
        : 'That did not work. Try again, or use another device.'
    return { page: newPasskeyPage(site, { form: formContext(visit, login), suggestedName: name, error }), status: 400 }
  }
  await auditAccount(visit, account.id, 'passkey.add', added.id)
  return { see: login === undefined ? `${site.base}/account?done=passkey` : `${site.base}/sign-in?login=${login}` }
}

async function dropPasskey(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const id = visit.body.fields.get('passkey') ?? ''
  const others = (await listPasskeys(account.id, visit.context)).filter(passkey => passkey.id !== id)
  if (others.length === 0 && account.password === undefined)
    return { see: `${visit.site.base}/account?done=passkey-kept` }
  if (await removePasskey(account.id, id, visit.context)) await auditAccount(visit, account.id, 'passkey.remove', id)
  return { see: `${visit.site.base}/account?done=passkey-removed` }
}

function showPassword(
  visit: Visit,
  { account }: SignedIn,
  errors: { readonly currentError?: string; readonly newError?: string },
): Answer {
  const hasPassword = account.password !== undefined
  return {
    page: passwordPage(visit.site, { form: formContext(visit), username: account.username, hasPassword, ...errors }),
  }
}

async function changePassword(visit: Visit, signedIn: SignedIn): Promise<Answer> {
  const { context, body, site } = visit
  const { account, session } = signedIn
  if (account.password !== undefined) {
    const guesser = { username: account.username, address: visit.address, browser: visit.binding.hash }
    const counted = await countGuess(guesser, context)
    if (counted !== 'go') {
      const wait = showPassword(visit, signedIn, {
        currentError: `Too many attempts. Try again in ${counted.waitSeconds} seconds.`,
      })
      return { ...wait, status: 429, retryAfterSeconds: counted.waitSeconds }
    }
    const right = await context.passwords.verify(body.fields.get('current') ?? '', account.password)
    if (!right)
      return { ...showPassword(visit, signedIn, { currentError: 'That is not your current password.' }), status: 401 }
    await forgiveGuesses(guesser, context)
  }
  const changed = await setPassword(context, account.id, body.fields.get('password') ?? '', session.id)
  if ('refused' in changed)
    return { ...showPassword(visit, signedIn, { newError: changed.hint ?? 'Choose another password.' }), status: 400 }
  await auditAccount(visit, account.id, 'password.change', account.id)
  return { see: `${site.base}/account?done=password` }
}

async function showRecoveryCodes(visit: Visit, { account }: SignedIn): Promise<Answer> {
  const codes = await renewRecoveryCodes(account.id, visit.context)
  await auditAccount(visit, account.id, 'recovery-codes.renew', account.id)
  return { page: recoveryCodesPage(visit.site, codes) }
}
