import { type Html, html } from './html.ts'
import { page, type Site } from './layout.ts'

/** The issuer's own page: that it runs, where things are, what to try. */
export function statusPage(
  site: Site,
  parts: {
    readonly signedInAs?: string
    readonly resources: readonly { readonly name: string; readonly resource: string }[]
  },
): Html {
  const { issuer } = site
  const links = [
    ['/account', 'Your account', 'sessions, passkeys, connected apps'],
    ['/.well-known/openid-configuration', 'OpenID configuration', 'for OpenID Connect clients'],
    ['/.well-known/oauth-authorization-server', 'Authorization server metadata', 'RFC 8414'],
    ['/jwks', 'Keys', 'public keys that verify tokens'],
    ['/manage/openapi.json', 'Management API', 'its OpenAPI description'],
  ] as const
  return page(site, {
    title: 'Running',
    wide: true,
    main: html`<h1>The authority is running <span class="badge">ok</span></h1>
<p class="soft">Issuer <code>${issuer}</code>. ${parts.signedInAs !== undefined ? html`Signed in as <b>${parts.signedInAs}</b>.` : 'Nobody is signed in in this browser.'}</p>
<ul class="plain rows">${links.map(([path, name, what]) => html`<li><div><a href="${site.base}${path}">${name}</a> <small class="soft">${what}</small></div></li>`)}</ul>
<h2>Try</h2>
<pre>curl ${issuer}/.well-known/openid-configuration</pre>
<pre>curl -u CLIENT_ID:SECRET -d grant_type=client_credentials ${issuer}/token</pre>
<pre>curl -u CLIENT_ID:SECRET -d token=TOKEN ${issuer}/introspect</pre>
${
  parts.resources.length > 0 &&
  html`<h2>APIs it issues tokens for</h2><ul class="plain rows">${parts.resources.map(({ name, resource }) => html`<li><div>${name} <small class="soft"><code>${resource}</code></small></div></li>`)}</ul>`
}`,
  })
}
