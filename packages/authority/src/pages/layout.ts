import { type Html, type HtmlValue, html } from './html.ts'

/** What every page knows of the place it is shown at. */
export interface Site {
  /** The issuer's path without a trailing slash: before every address of ours. */
  readonly base: string
  /** The issuer's host, as people recognise it. */
  readonly host: string
  readonly issuer: string
  readonly stylesHref: string
  readonly scriptHref: string
  /** On a developer's machine pages show details of what went wrong. */
  readonly loopback: boolean
}

export interface PageParts {
  /** Names the state: what a screen reader says first, and what a tab shows. */
  readonly title: string
  readonly main: HtmlValue
  readonly wide?: boolean
  /** Whether the page gains from our script. */
  readonly script?: boolean
  readonly footer?: HtmlValue
  readonly head?: HtmlValue
}

/** The frame of every page: complete without JavaScript and without any request to elsewhere. */
export function page(site: Site, parts: PageParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${parts.title} · Sallyport</title>
<link rel="stylesheet" href="${site.stylesHref}">
<link rel="icon" href="${site.base}/assets/icon.svg" type="image/svg+xml">
${parts.script === true && html`<script type="module" src="${site.scriptHref}"></script>`}${parts.head}
</head>
<body>
<header class="${parts.wide === true ? 'brand wide' : 'brand'}">${mark}<b>Sallyport</b><span>${site.host}</span></header>
<main>
${parts.main}
</main>
${parts.footer !== undefined && html`<footer>${parts.footer}</footer>`}
</body>
</html>`
}

/** Two doors, one behind the other. */
const mark = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" aria-hidden="true"><path d="M3 21V7.5L10 4v17z"/><path d="M14 21V7.5L21 4v17z"/></svg>`

export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#3b6fc9" stroke-width="2.4" stroke-linejoin="round"><path d="M3 21V7.5L10 4v17z"/><path d="M14 21V7.5L21 4v17z"/></svg>'

/** The person signed in, with a way to say it is somebody else. */
export function who(person: { readonly username: string; readonly name?: string }, aside?: HtmlValue): Html {
  const shown = person.name ?? person.username
  return html`<div class="who"><span class="face" aria-hidden="true">${[...shown][0]?.toUpperCase()}</span><div>${
    person.name !== undefined
      ? html`<b>${person.name}</b><br><small class="soft">${person.username}</small>`
      : html`<b>${person.username}</b>`
  }</div>${aside}</div>`
}
