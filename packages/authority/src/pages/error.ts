import { type Html, html, safeHref } from './html.ts'
import { page, type Site } from './layout.ts'

export interface ErrorParts {
  readonly title: string
  /** What happened, in a sentence or two. */
  readonly what: string
  /** Whose fault it is, so that nobody searches in the wrong place. */
  readonly whose: 'app' | 'ours' | 'nobody'
  readonly reference: string
  readonly back?: { readonly href: string; readonly label: string }
  /** For a developer; shown on a loopback issuer only. */
  readonly details?: Readonly<Record<string, string | undefined>>
}

const faults = {
  app: 'This is a mistake of the application or of its registration, not yours. Its developer can fix it with the reference below.',
  ours: 'This is our fault. Nothing was changed. If it happens again, send the reference below to the administrator.',
  nobody: 'Nothing is broken, and nothing was changed.',
} as const

/** An error that ends here: what, whose fault, the way back, and a reference for the log. */
export function errorPage(site: Site, parts: ErrorParts): Html {
  const details = Object.entries(parts.details ?? {}).filter(([, value]) => value !== undefined && value !== '')
  return page(site, {
    title: parts.title,
    main: html`<h1>${parts.title}</h1>
<p>${parts.what}</p>
<p class="soft">${faults[parts.whose]}</p>
${parts.back !== undefined && html`<a class="button main" href="${safeHref(parts.back.href)}">${parts.back.label}</a>`}
${
  site.loopback &&
  details.length > 0 &&
  html`<details open><summary>For the developer</summary><dl>${details.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl></details>`
}`,
    footer: html`Reference <code>${parts.reference}</code>`,
  })
}
