import { type FormContext, hiddenFields } from './form.ts'
import { type Html, html, safeHref } from './html.ts'
import { page, type Site, who } from './layout.ts'

/** Asks before signing out, where nobody proved that the application may (RP-Initiated Logout §2). */
export function signOutPage(
  site: Site,
  parts: {
    readonly form: FormContext
    readonly person: { readonly username: string; readonly name?: string }
    readonly clientName?: string
    readonly fields: Readonly<Record<string, string>>
  },
): Html {
  return page(site, {
    title: 'Sign out?',
    main: html`<h1>Sign out?</h1>
<p class="soft">${parts.clientName === undefined ? 'You' : html`<b>${parts.clientName}</b> asks whether you want to sign out. You`} will be signed out here and in every application you opened from here.</p>
${who(parts.person)}
<form method="post" action="${site.base}/logout">${hiddenFields(parts.form)}${Object.entries(parts.fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}<div class="pair"><a class="button" href="${site.base}/account">Stay</a><button type="submit" name="confirmed" value="yes">Sign out</button></div></form>`,
  })
}

export function signedOutPage(site: Site, back?: { readonly href: string; readonly label: string }): Html {
  return page(site, {
    title: 'Signed out',
    main: html`<h1>You are signed out</h1>
<p class="soft">Your session and the tokens given out in it no longer work.</p>
${back !== undefined && html`<a class="button main" href="${safeHref(back.href)}">${back.label}</a>`}
<a class="button" href="${site.base}/account">Sign in again</a>`,
  })
}
