import { createHash } from 'node:crypto'
import { contentSecurityPolicy } from '@sallyport/server'
import type { CallbackRefusal } from '../callback.ts'
import { errorCodes } from '../error-codes.ts'

const style = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6675;--paper:#f6f7f9;--card:#fff;--accent:#1f5eff}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b6;--paper:#10151c;--card:#18202a;--accent:#8fb0ff}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,sans-serif}
main{background:var(--card);border-radius:1rem;padding:2rem;max-width:26rem;margin:1rem}
h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.5rem 0;color:var(--soft)}
a{display:inline-block;margin-top:1rem;padding:.75rem 1.25rem;border-radius:.6rem;border:2px solid var(--accent);color:var(--accent);text-decoration:none;font-weight:600}
a.plain{border-color:transparent}
code{font-size:.85rem}`

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** The page after a sign-in that did not succeed: what happened, and the way back. */
export function signInFailedPage(
  refusal: CallbackRefusal,
  requestId: string,
): { html: string; policy: string; status: number } {
  const again = `/bff/login?${new URLSearchParams({ return_to: refusal.returnTo })}`
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Not signed in</title><style>${style}</style></head>
<body><main><h1>You are not signed in</h1>
<p>${errorCodes[refusal.refused].description}</p>
<p><a href="${again.replaceAll('&', '&amp;')}">Start again</a> <a class="plain" href="/">Back to the front page</a></p>
<p><code>${refusal.refused} · ${requestId}</code></p></main></body></html>`
  return { html, policy: contentSecurityPolicy({ style: [styleHash] }), status: errorCodes[refusal.refused].status }
}
