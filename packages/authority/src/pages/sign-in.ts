import type { Client } from '../client.ts'
import { buttonForm, type FormContext, field, hiddenFields, passkeyForm } from './form.ts'
import { type Html, html } from './html.ts'
import { page, type Site, who } from './layout.ts'

export interface SignInParts {
  readonly form: FormContext
  /** The application that asks, if one does. */
  readonly client?: Client
  readonly why?: 'no_session' | 'asked' | 'too_old' | 'other_account'
  readonly username?: string
  readonly error?: 'wrong_credentials' | 'passkey_refused' | { readonly waitSeconds: number }
  /** By recovery code instead of password. */
  readonly recovery?: boolean
}

/** Sign-in: passkey first, then password, one error text, a way back to the application. */
export function signInPage(site: Site, parts: SignInParts): Html {
  const { form, client, recovery = false } = parts
  const again = parts.why === 'asked' || parts.why === 'too_old'
  const query = form.login === undefined ? '' : `?login=${form.login}`
  const title = recovery ? 'Use a recovery code' : again ? 'Sign in again' : 'Sign in'
  return page(site, {
    title: parts.error === undefined ? title : `Error: ${title}`,
    script: true,
    main: html`<h1>${title}</h1>
<p class="soft">${purpose(parts)}</p>
${failure(parts)}
${
  !recovery &&
  html`${passkeyForm({ form, act: 'get', action: `${site.base}/sign-in/passkey`, options: `${site.base}/sign-in/passkey/options`, label: 'Sign in with a passkey', conditional: true })}
<p class="rule" data-needs-passkeys hidden>or with your password</p>`
}
<form method="post" action="${site.base}/sign-in${recovery ? '/recovery' : ''}">
${hiddenFields(form)}
${field({ name: 'username', label: 'Username', autocomplete: recovery ? 'username' : 'username webauthn', value: parts.username, focus: parts.username === undefined })}
${
  recovery
    ? field({
        name: 'code',
        label: 'Recovery code',
        autocomplete: 'off',
        hint: 'One of the ten codes you wrote down. Each works once.',
        focus: parts.username !== undefined,
      })
    : field({
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'current-password',
        maxlength: 1024,
        focus: parts.username !== undefined,
      })
}
<button type="submit" class="main">Sign in</button>
</form>
${client !== undefined && buttonForm({ form, action: `${site.base}/sign-in/cancel`, label: `Back to ${client.client_name}`, style: '' })}`,
    footer: recovery
      ? html`<a href="${site.base}/sign-in${query}">Use password or passkey</a>`
      : html`<a href="${site.base}/sign-in/recovery${query}">Lost your password or passkey?</a>`,
  })
}

function purpose({ client, why }: SignInParts): Html | string {
  const app = client === undefined ? 'your account' : html`<b>${client.client_name}</b>`
  if (why === 'too_old') return html`For your safety, ${app} wants to be sure that it is you.`
  if (why === 'asked') return html`${app} asks you to sign in again.`
  if (why === 'other_account') return html`${app} expects another account than the one that is signed in.`
  return html`to continue to ${app}`
}

function failure({ error, recovery }: SignInParts): Html | undefined {
  if (error === undefined) return undefined
  const text =
    error === 'wrong_credentials'
      ? recovery === true
        ? 'That username and recovery code do not belong together, or the code was used before.'
        : 'That username and password do not belong together.'
      : error === 'passkey_refused'
        ? 'That passkey did not work here. Use another one or your password.'
        : `Too many attempts. Try again in ${waitText(error.waitSeconds)}; nothing is locked for good.`
  return html`<p class="note bad" role="alert">${text}</p>`
}

function waitText(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`
  const minutes = Math.ceil(seconds / 60)
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}

export interface StepUpParts {
  readonly form: FormContext
  readonly client: Client
  readonly person: { readonly username: string; readonly name?: string }
  readonly hasPasskey: boolean
  /** Required: without a passkey the application gets an error. */
  readonly required: boolean
  readonly refused?: boolean
}

/** Step-up (RFC 9470): the application wants a sign-in by passkey, now. */
export function stepUpPage(site: Site, parts: StepUpParts): Html {
  const { form, client, person, hasPasskey, required } = parts
  const title = hasPasskey ? 'Confirm with your passkey' : 'A passkey is needed'
  return page(site, {
    title: parts.refused === true ? `Error: ${title}` : title,
    script: true,
    main: html`<h1>${title}</h1>
<p class="soft"><b>${client.client_name}</b> asks for a stronger sign-in before it goes on.</p>
${who(person)}
${parts.refused === true && html`<p class="note bad" role="alert">That passkey did not work. Try again.</p>`}
${
  hasPasskey
    ? passkeyForm({
        form,
        act: 'get',
        action: `${site.base}/sign-in/passkey`,
        options: `${site.base}/sign-in/passkey/options`,
        label: 'Use your passkey',
        main: true,
      })
    : html`<p>You have no passkey yet. A passkey signs you in with your fingerprint, face or screen lock instead of a password.</p>
<a class="button main" href="${site.base}/account/passkeys/new?login=${form.login}">Add a passkey</a>`
}
<p class="note" data-without-passkeys>Passkeys need JavaScript and a browser that supports them.</p>
${!required && buttonForm({ form, action: `${site.base}/sign-in/without-passkey`, label: 'Go on without a passkey', style: '' })}
${buttonForm({ form, action: `${site.base}/sign-in/cancel`, label: `Back to ${client.client_name}`, style: '' })}`,
  })
}

/** Choose the account to go on with (`prompt=select_account`). */
export function selectAccountPage(
  site: Site,
  parts: {
    readonly form: FormContext
    readonly client: Client
    readonly person: { readonly username: string; readonly name?: string }
  },
): Html {
  const { form, client, person } = parts
  return page(site, {
    title: 'Choose an account',
    main: html`<h1>Choose an account</h1>
<p class="soft">to continue to <b>${client.client_name}</b></p>
${who(person)}
${buttonForm({ form, action: `${site.base}/sign-in/select`, label: `Continue as ${person.username}`, style: 'main' })}
${buttonForm({ form, action: `${site.base}/sign-in/switch`, label: 'Use another account', style: '' })}
${buttonForm({ form, action: `${site.base}/sign-in/cancel`, label: `Back to ${client.client_name}`, style: '' })}`,
  })
}
