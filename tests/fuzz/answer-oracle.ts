import type { Input } from './request-inputs.ts'
import type { ListenerName } from './served-routes.ts'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  readonly ms: number
}

/** Longer than any answer may take, also on a machine that does other things. */
const slowestMs = 10_000

/** What no answer may show: where our code lies, what it is made of, what it tripped over. */
const innards =
  /\bat (?:async )?[\w.<>]+ \(|node:internal|\/packages\/|node_modules|\.ts:\d|SQLITE_|ENOENT|EACCES|(?:Type|Reference|Range|Syntax)Error\b|FST_ERR|\[object Object\]/

/**
 * What is wrong with an answer, whatever was asked; `undefined` when nothing is. Never a 5xx but a 503 that says when to
 * come back; never our innards; refusals in the standard's shape for the place.
 */
export function complaintAbout(
  listener: ListenerName,
  url: string,
  input: Input,
  answer: Answered,
): string | undefined {
  const { status, text, ms, headers } = answer
  if (ms > slowestMs) return `took ${ms} ms`
  if (status >= 500 && !(status === 503 && headers['retry-after'] !== undefined)) return `status ${status}`
  if (innards.test(text)) return 'tells its innards'
  if (status >= 300 && status < 400) return redirectComplaint(headers)
  if (status < 400) return undefined
  if (!String(headers['cache-control']).includes('no-store')) return 'a refusal that may be cached'
  if (headers['x-content-type-options'] !== 'nosniff') return 'a refusal without nosniff'
  if (status === 405 && headers.allow === undefined) return '405 without Allow (RFC 9110 §15.5.6)'
  if (status === 401 && !hasChallenge(listener, url, headers)) return '401 without WWW-Authenticate (RFC 9110 §15.5.2)'
  if ((status === 429 || status === 503) && headers['retry-after'] === undefined) return `${status} without Retry-After`
  return input.method === 'HEAD' ? undefined : shapeComplaint(answer)
}

/** Where sessions are in cookies, on pages and at the back end, there is no scheme to name; a client may prove itself in other ways than by `Basic`. */
const hasChallenge = (listener: ListenerName, url: string, headers: Answered['headers']): boolean =>
  headers['www-authenticate'] !== undefined ||
  listener === 'app' ||
  String(headers['content-type']).startsWith('text/html') ||
  ['/token', '/introspect', '/revoke'].includes(url)

function redirectComplaint(headers: Answered['headers']): string | undefined {
  const { location } = headers
  if (location === undefined) return undefined
  const target = URL.parse(String(location), 'http://localhost')
  const near =
    target !== null &&
    /^https?:$/.test(target.protocol) &&
    ['localhost', '127.0.0.1', '[::1]'].includes(target.hostname)
  return near ? undefined : `leads to ${String(location)}`
}

/** OAuth's error (RFC 6749 §5.2), a problem (RFC 9457), or a page; no fourth thing. */
function shapeComplaint({ status, headers, text }: Answered): string | undefined {
  const type = String(headers['content-type']).split(';')[0]
  if (type === 'text/html') {
    if (!String(headers['content-security-policy']).includes("frame-ancestors 'none'"))
      return 'a page that can be framed'
    return /<h1[^>]*>[^<]+/.test(text) ? undefined : 'a page without a heading'
  }
  const body = objectIn(text)
  if (body === undefined) return `no JSON object: ${type} ${text.slice(0, 200)}`
  if (type === 'application/problem+json') {
    const fits =
      body.status === status &&
      typeof body.type === 'string' &&
      typeof body.title === 'string' &&
      typeof body.code === 'string'
    return fits ? undefined : `no problem of RFC 9457: ${text.slice(0, 300)}`
  }
  if (type !== 'application/json') return `media type ${type}`
  const { error, error_description: description } = body
  // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
  const visible = (value: unknown) => typeof value === 'string' && /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(value)
  if (!visible(error)) return `no error of RFC 6749 §5.2: ${text.slice(0, 300)}`
  return description === undefined || visible(description)
    ? undefined
    : `error_description of RFC 6749 §5.2: ${text.slice(0, 300)}`
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}
