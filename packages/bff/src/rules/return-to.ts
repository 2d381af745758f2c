/**
 * The path to go back to after sign-in: one of our own, or the front page. A path is ours when a browser resolving it against our origin
 * stays there, so `//evil.example`, `/\evil.example` and absolute addresses all lead to `/` (RFC 9700 §4.11, open redirection).
 */
export function returnTo(asked: string | undefined, origin: string): string {
  if (asked === undefined || asked.length > 2048 || !asked.startsWith('/')) return '/'
  if (!URL.canParse(asked, origin)) return '/'
  const url = new URL(asked, origin)
  return url.origin === origin ? url.pathname + url.search + url.hash : '/'
}
