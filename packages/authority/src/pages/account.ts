import type { Account } from '../account.ts'
import type { Client } from '../client.ts'
import type { Grant } from '../grant.ts'
import type { Passkey } from '../passkey.ts'
import type { Resource } from '../resource.ts'
import type { Session } from '../session.ts'
import { identitySentence } from './consent.ts'
import { deviceName } from './device.ts'
import { buttonForm, type FormContext } from './form.ts'
import { type Html, html } from './html.ts'
import { page, type Site, who } from './layout.ts'
import { moment } from './moment.ts'

export interface AccountParts {
  readonly form: FormContext
  readonly account: Account
  readonly current: Session
  readonly sessions: readonly Session[]
  readonly passkeys: readonly Passkey[]
  readonly recoveryCodes: number
  readonly apps: readonly ConnectedApp[]
  readonly now: number
  /** A word on what was just done. */
  readonly done?: string
}

export interface ConnectedApp {
  readonly grant: Grant
  readonly client: Client | undefined
  readonly resources: readonly Resource[]
}

/** The account: how one signs in, where one is signed in, and which applications may do what. */
export function accountPage(site: Site, parts: AccountParts): Html {
  const { form, account } = parts
  return page(site, {
    title: 'Your account',
    wide: true,
    main: html`<h1>Your account</h1>
${parts.done !== undefined && html`<p class="note good" role="status">${parts.done}</p>`}
${who(account, buttonForm({ form, action: `${site.base}/logout`, label: 'Sign out', fields: { confirmed: 'yes' } }))}
${signIn(site, parts)}
${sessions(site, parts)}
${apps(site, parts)}`,
  })
}

function signIn(site: Site, { form, account, passkeys, recoveryCodes, now }: AccountParts): Html {
  return html`<h2>How you sign in</h2>
<ul class="plain rows">
${passkeys.map(
  each =>
    html`<li><div><b>${each.name}</b><br><small class="soft">Passkey${each.backed_up && ', kept by your password manager'}. Added ${moment(each.created_at, now)}, ${
      each.last_used_at === undefined ? 'not used yet' : `last used ${moment(each.last_used_at, now)}`
    }.</small></div>${buttonForm({ form, action: `${site.base}/account/passkeys/remove`, label: 'Remove', style: 'small danger', fields: { passkey: each.id }, describes: each.name })}</li>`,
)}
<li><div><b>Passkeys</b><br><small class="soft">Sign in with your fingerprint, face or screen lock. Nothing to remember, nothing to steal.</small></div><a class="button small" href="${site.base}/account/passkeys/new">Add a passkey</a></li>
<li><div><b>Password</b><br><small class="soft">${account.password === undefined ? 'You have none.' : 'Changing it signs you out everywhere else.'}</small></div><a class="button small" href="${site.base}/account/password">${account.password === undefined ? 'Set a password' : 'Change password'}</a></li>
<li><div><b>Recovery codes</b><br><small class="soft">${recoveryCodes === 0 ? 'You have none. They let you in when all else is lost.' : `${recoveryCodes} of 10 left.`}</small></div>${buttonForm({ form, action: `${site.base}/account/recovery-codes`, label: recoveryCodes === 0 ? 'Make recovery codes' : 'Make new codes' })}</li>
</ul>`
}

function sessions(site: Site, { form, current, sessions: all, now }: AccountParts): Html {
  const others = all.filter(({ id }) => id !== current.id)
  return html`<h2>Where you are signed in</h2>
<ul class="plain rows">
<li><div><b>${deviceName(current.user_agent)}</b> <span class="badge">this browser</span><br><small class="soft">Signed in ${moment(current.auth_time, now)} ${method(current)}.</small></div></li>
${others.map(
  each =>
    html`<li><div><b>${deviceName(each.user_agent)}</b><br><small class="soft">Signed in ${moment(each.auth_time, now)} ${method(each)}.</small></div>${buttonForm({ form, action: `${site.base}/account/sessions/end`, label: 'End', fields: { session: each.id }, describes: `session of ${deviceName(each.user_agent)}` })}</li>`,
)}
</ul>
${others.length > 1 && buttonForm({ form, action: `${site.base}/account/sessions/end-others`, label: 'End all other sessions', style: 'small' })}`
}

const method = ({ amr }: Session): string =>
  amr.includes('hwk') ? 'with a passkey' : amr.includes('otp') ? 'with a recovery code' : 'with a password'

function apps(site: Site, { form, apps: all, now }: AccountParts): Html {
  if (all.length === 0)
    return html`<h2>Connected applications</h2><p class="soft">None. Applications you allow to use your account are listed here.</p>`
  return html`<h2>Connected applications</h2>
<ul class="plain rows">${all.map(app => {
    const name = app.client?.client_name ?? app.grant.client_id
    return html`<li><div><b>${name}</b>${app.client?.publisher !== undefined && html` <small class="soft">by ${app.client.publisher}</small>`}<br><small class="soft">May: ${sentences(app).join('; ')}. Allowed ${moment(app.grant.created_at, now)}${
      app.grant.last_used_at !== undefined && `, last used ${moment(app.grant.last_used_at, now)}`
    }.</small></div>${buttonForm({ form, action: `${site.base}/account/apps/remove`, label: 'Remove', style: 'small danger', fields: { client_id: app.grant.client_id }, describes: name })}</li>`
  })}</ul>`
}

function sentences({ grant, resources }: ConnectedApp): readonly string[] {
  return Object.entries(grant.scopes).flatMap(([identifier, scopes]) => {
    if (identifier === '') return scopes.flatMap(identitySentence)
    const resource = resources.find(each => each.resource === identifier)
    return scopes.map(name => resource?.scopes.find(({ scope }) => scope === name)?.description ?? name)
  })
}
