/** Of the path as it goes into a cookie, after percent-encoding. */
const pathMax = 1024

/**
 * The path to go back to after sign-in: one of our own, or the front page. A path is ours when a browser resolving it against our origin
 * stays there, so `//evil.example`, `/\evil.example` and absolute addresses all lead to `/` (RFC 9700 §4.11, open redirection). What is
 * left once dot segments are gone is judged again: `/..//evil.example` is a path of ours that reads as another host when sent.
 */
export function returnTo(asked: string | undefined, origin: string): string {
  if (asked === undefined || asked.length > pathMax || !asked.startsWith('/')) return '/'
  if (!URL.canParse(asked, origin)) return '/'
  const url = new URL(asked, origin)
  const path = url.pathname + url.search + url.hash
  return url.origin === origin && !path.startsWith('//') && path.length <= pathMax ? path : '/'
}
