import { hash } from 'node:crypto'
import type { AuthorizationResponse } from '../authorization-response.ts'
import { type Html, html } from './html.ts'
import { page, type Site } from './layout.ts'

/** Posts the form at once; the page's policy names it by its hash, and the button is there for browsers without scripts. */
const submitScript = html`document.forms[0].submit()`

export const submitScriptHash = `'sha256-${hash('sha256', submitScript.toString(), 'base64')}'`

/** The authorization response as a form that goes to the client by POST (Form Post Response Mode §2). */
export function formPostPage(site: Site, response: Extract<AuthorizationResponse, { mode: 'form_post' }>): Html {
  return page(site, {
    title: 'Continue to the application',
    main: html`<h1>Continue</h1>
<p class="soft">You go on to <b>${new URL(response.action).host}</b>.</p>
<form method="post" action="${response.action}">${response.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button type="submit" class="main">Continue</button></form>
<script>${submitScript}</script>`,
  })
}
