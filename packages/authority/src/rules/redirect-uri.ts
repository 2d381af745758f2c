import type { Refusal } from '@sallyport/credentials'
import type { Client } from '../client.ts'

export type RedirectUriRefusal = Refusal<'redirect_missing' | 'redirect_mismatch' | 'redirect_insecure'>

/**
 * Decides where an authorization response may go. Exact comparison, byte for byte; only the port of a loopback IP
 * address may differ, and only for a native app.
 *
 * @param sent  the request's `redirect_uri`; may be left out when exactly one is registered and OpenID Connect is not asked for
 * @returns the URI to use, or `redirect_missing`, `redirect_mismatch`, `redirect_insecure`; after a refusal nobody is redirected
 * @see OAuth 2.1 §2.3.1, §8.4.2; RFC 9700 §4.1.3; OpenID Connect Core §3.1.2.1
 */
export function judgeRedirectUri(
  sent: string | undefined,
  client: Pick<Client, 'redirect_uris' | 'application_type'>,
  issuer: string,
  openid: boolean,
): { readonly redirectUri: string } | RedirectUriRefusal {
  const [only, ...others] = client.redirect_uris
  const redirectUri = sent ?? (only !== undefined && others.length === 0 && !openid ? only : undefined)
  if (redirectUri === undefined) {
    return {
      refused: 'redirect_missing',
      rule: openid ? 'OpenID Connect Core §3.1.2.1' : 'OAuth 2.1 §4.1.1',
      expected: client.redirect_uris.join(' or ') || 'a registered redirect_uri',
      got: 'no redirect_uri',
      hint: 'Send the redirect_uri that is registered for this client.',
    }
  }
  if (!client.redirect_uris.some(registered => matches(registered, redirectUri, client.application_type))) {
    return mismatch(redirectUri, client.redirect_uris)
  }
  return judgeRedirectTarget(redirectUri, client.application_type, issuer) ?? { redirectUri }
}

/**
 * Whether a redirect URI may be registered or used at all: absolute, https, without fragment, wildcard or user info.
 * Plain http only to loopback, for native apps, or for any client while the issuer itself is loopback http.
 *
 * @returns why not, or `undefined`
 * @see RFC 9700 §2.6, OAuth 2.1 §2.3, DECISIONS "Redirects on loopback"
 */
export function judgeRedirectTarget(
  uri: string,
  applicationType: Client['application_type'],
  issuer: string,
): RedirectUriRefusal | undefined {
  const parsed = URL.parse(uri)
  if (parsed === null || uri.includes('#') || parsed.username !== '' || parsed.password !== '' || /[\s\\*]/.test(uri)) {
    return insecure('an absolute URI without fragment, user info or wildcard', uri)
  }
  if (parsed.protocol === 'https:') return undefined
  if (parsed.protocol !== 'http:') return insecure('https, or http to loopback', uri)
  const local = isLoopback(parsed.hostname)
  const allowed = local && (applicationType === 'native' || isLoopbackIssuer(issuer))
  return allowed ? undefined : insecure('https, or http to loopback for a native app', uri)
}

/** Whether the issuer runs on this machine over plain http, as in development and the demo. */
export function isLoopbackIssuer(issuer: string): boolean {
  const parsed = URL.parse(issuer)
  return parsed !== null && parsed.protocol === 'http:' && isLoopback(parsed.hostname)
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]'

const loopbackAddress = /^(?<host>http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(?<port>\d{1,5}))?(?<rest>[/?].*)?$/

function matches(registered: string, sent: string, applicationType: Client['application_type']): boolean {
  if (registered === sent) return true
  if (applicationType !== 'native') return false
  const ours = loopbackAddress.exec(registered)?.groups
  const theirs = loopbackAddress.exec(sent)?.groups
  if (ours === undefined || theirs === undefined) return false
  const port = Number(theirs.port ?? 80)
  return ours.host === theirs.host && (ours.rest ?? '') === (theirs.rest ?? '') && port > 0 && port < 65_536
}

function mismatch(sent: string, registered: readonly string[]): RedirectUriRefusal {
  const nearest = registered.toSorted((a, b) => commonStart(b, sent) - commonStart(a, sent))[0]
  return {
    refused: 'redirect_mismatch',
    rule: 'RFC 9700 §4.1.3',
    expected: nearest ?? 'no redirect_uri is registered for this client',
    got: sent.slice(0, 500),
    hint: 'The redirect_uri must be registered for this client, byte for byte.',
  }
}

function commonStart(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

function insecure(expected: string, got: string): RedirectUriRefusal {
  const hint = 'Register an https redirect_uri; http is for loopback only.'
  return { refused: 'redirect_insecure', rule: 'RFC 9700 §2.6', expected, got: got.slice(0, 500), hint }
}
