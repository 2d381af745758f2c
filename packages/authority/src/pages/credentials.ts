import { minPasswordLength } from '../rules/password.ts'
import { type FormContext, field, hiddenFields, passkeyForm } from './form.ts'
import { type Html, html } from './html.ts'
import { page, type Site } from './layout.ts'

/** Add a passkey to the account that is signed in. */
export function newPasskeyPage(
  site: Site,
  parts: { readonly form: FormContext; readonly suggestedName: string; readonly error?: string },
): Html {
  const { form, error } = parts
  return page(site, {
    title: error === undefined ? 'Add a passkey' : 'Error: Add a passkey',
    script: true,
    main: html`<h1>Add a passkey</h1>
<p class="soft">Your device asks for your fingerprint, face or screen lock. The key never leaves it, or your password manager.</p>
${error !== undefined && html`<p class="note bad" role="alert">${error}</p>`}
${passkeyForm({
  form,
  act: 'create',
  action: `${site.base}/account/passkeys`,
  options: `${site.base}/account/passkeys/options`,
  label: 'Add a passkey',
  main: true,
  extra: field({
    name: 'name',
    label: 'What to call it',
    autocomplete: 'off',
    value: parts.suggestedName,
    maxlength: 60,
  }),
})}
<p class="note" data-without-passkeys>Passkeys need JavaScript and a browser that supports them.</p>
<a class="button" href="${form.login === undefined ? `${site.base}/account` : `${site.base}/sign-in?login=${form.login}`}">Not now</a>`,
  })
}

/** Change the password, or set the first one. */
export function passwordPage(
  site: Site,
  parts: {
    readonly form: FormContext
    readonly username: string
    readonly hasPassword: boolean
    readonly currentError?: string
    readonly newError?: string
  },
): Html {
  const { form, currentError, newError } = parts
  const title = parts.hasPassword ? 'Change your password' : 'Set a password'
  const wrong = currentError !== undefined || newError !== undefined
  return page(site, {
    title: wrong ? `Error: ${title}` : title,
    script: true,
    main: html`<h1>${title}</h1>
<p class="soft">Everywhere else you will be signed out.</p>
<form method="post" action="${site.base}/account/password">${hiddenFields(form)}
<input type="text" name="username" value="${parts.username}" autocomplete="username" hidden>
${parts.hasPassword && field({ name: 'current', label: 'Current password', type: 'password', autocomplete: 'current-password', error: currentError, maxlength: 1024, focus: newError === undefined })}
${field({ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', hint: passwordHint, error: newError, maxlength: 1024, focus: newError !== undefined || !parts.hasPassword })}
<button type="submit" class="main">${title}</button>
<a class="button" href="${site.base}/account">Cancel</a>
</form>`,
  })
}

export const passwordHint = `At least ${minPasswordLength} characters. A few words in a row are good.`

/** The recovery codes, shown this once. */
export function recoveryCodesPage(site: Site, codes: readonly string[]): Html {
  return page(site, {
    title: 'Your recovery codes',
    main: html`<h1>Your recovery codes</h1>
<p>Write these down or print them, and keep them somewhere safe. Each signs you in once when password and passkeys are lost. They are shown only now; earlier codes no longer work.</p>
<ul class="plain codes">${codes.map(code => html`<li><code>${code}</code></li>`)}</ul>
<a class="button main" href="${site.base}/account">I have kept them</a>`,
  })
}
