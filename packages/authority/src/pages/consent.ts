import type { Client } from '../client.ts'
import type { Resource } from '../resource.ts'
import { buttonForm, type FormContext, hiddenFields } from './form.ts'
import { type Html, html } from './html.ts'
import { page, type Site, who } from './layout.ts'

export interface ConsentParts {
  readonly form: FormContext
  readonly client: Client
  /** Where the person goes next: the host of the validated redirect URI. */
  readonly redirectUri: string
  readonly person: { readonly username: string; readonly name?: string }
  /** OpenID Connect's own scopes. */
  readonly identity: readonly string[]
  /** What is asked of each API. */
  readonly resources: readonly { readonly resource: Resource; readonly scopes: readonly string[] }[]
}

/** Consent: who asks, as whom, for what, where it leads; Allow and Deny alike. */
export function consentPage(site: Site, parts: ConsentParts): Html {
  const { form, client, person } = parts
  const redirect = new URL(parts.redirectUri)
  const local = /^(localhost|127\.0\.0\.1|\[::1\]|.*\.localhost)$/.test(redirect.hostname)
  return page(site, {
    title: `Allow ${client.client_name}?`,
    main: html`<h1>Allow ${client.client_name} to use your account?</h1>
<p class="soft">${client.publisher === undefined ? 'The publisher of this application is not known.' : html`Published by <b>${client.publisher}</b>.`}</p>
${who(person, buttonForm({ form, action: `${site.base}/sign-in/switch`, label: 'Not you?', style: 'link' }))}
${parts.identity.length > 0 && section('About you', parts.identity.flatMap(identitySentence))}
${parts.resources.map(({ resource, scopes }) =>
  section(
    resource.name,
    scopes.map(scope => sentence(resource, scope)),
    resource.resource,
  ),
)}
<p class="hint">Afterwards you go to <b>${redirect.host}</b>. ${
      local && !site.loopback
        ? html`That is a program on this device: allow it only if you started it just now.`
        : local
          ? 'That is this computer.'
          : ''
    } The permission lasts until you take it back under <a href="${site.base}/account">your account</a>.</p>
<form method="post" action="${site.base}/consent">${hiddenFields(form)}
<div class="pair"><button type="submit" name="answer" value="deny">Deny</button><button type="submit" name="answer" value="allow">Allow</button></div>
</form>`,
  })
}

function section(title: string, sentences: readonly string[], identifier?: string): Html {
  const items = sentences.length > 0 ? sentences : ['Know that you use it']
  return html`<h2>${title}</h2>${identifier !== undefined && html`<small class="soft">${identifier}</small>`}<ul class="plain scopes">${items.map(each => html`<li>${each}</li>`)}</ul>`
}

const sentence = (resource: Resource, name: string): string =>
  resource.scopes.find(({ scope }) => scope === name)?.description ?? name

/** OpenID Connect Core §5.4 and §11 in plain words. */
export function identitySentence(scope: string): readonly string[] {
  switch (scope) {
    case 'openid':
      return ['Recognise you when you come back']
    case 'profile':
      return ['See your name and username']
    case 'email':
      return ['See your email address']
    case 'offline_access':
      return ['Keep this access while you are away']
    default:
      return []
  }
}
