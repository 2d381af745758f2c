import { passwordHint } from './credentials.ts'
import { type FormContext, field, hiddenFields, passkeyForm } from './form.ts'
import { type Html, html } from './html.ts'
import { page, type Site } from './layout.ts'

/** First step of a set-up link: the code, filled in from the link's fragment where a script can. */
export function setUpCodePage(site: Site, parts: { readonly form: FormContext; readonly error?: string }): Html {
  return page(site, {
    title: parts.error === undefined ? 'Set up your account' : 'Error: Set up your account',
    script: true,
    main: html`<h1>Set up your account</h1>
<p class="soft">An administrator made an account for you. The link you got carries a code that works once.</p>
<form method="post" action="${site.base}/set-up">${hiddenFields(parts.form)}
${field({ name: 'code', label: 'Set-up code', autocomplete: 'one-time-code', hint: 'The part of your link after “code=”. It is filled in for you where possible.', error: parts.error, maxlength: 200, focus: true, fromFragment: true })}
<button type="submit" class="main">Continue</button>
</form>`,
  })
}

/** Second step: a passkey or a password. */
export function setUpPage(
  site: Site,
  parts: {
    readonly form: FormContext
    readonly code: string
    readonly username: string
    readonly error?: string
    readonly passkeyError?: string
  },
): Html {
  const { form, code, username, error } = parts
  const kept = html`<input type="hidden" name="code" value="${code}">`
  const wrong = error !== undefined || parts.passkeyError !== undefined
  return page(site, {
    title: wrong ? 'Error: Choose how you sign in' : 'Choose how you sign in',
    script: true,
    main: html`<h1>Welcome, ${username}</h1>
<p class="soft">Choose how you sign in. You can add the other one later.</p>
${parts.passkeyError !== undefined && html`<p class="note bad" role="alert">${parts.passkeyError}</p>`}
${passkeyForm({ form, act: 'create', action: `${site.base}/set-up/passkey`, options: `${site.base}/set-up/passkey/options`, label: 'Use a passkey', main: true, extra: kept })}
<p class="rule" data-needs-passkeys hidden>or choose a password</p>
<form method="post" action="${site.base}/set-up/password">${hiddenFields(form)}${kept}
<label for="username">Username</label>
<div class="field"><input id="username" type="text" name="username" value="${username}" autocomplete="username" readonly></div>
${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: passwordHint, error, maxlength: 1024, focus: error !== undefined })}
<button type="submit">Set password and sign in</button>
</form>`,
  })
}
