import type { GatewayRefusal } from '../problem.ts'

/** A request's path in its one spelling, and its query as sent. */
export interface RequestTarget {
  readonly path: string
  /** With its question mark; empty without a query. */
  readonly query: string
}

const pathCharacters = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/
const queryCharacters = /^[\x21\x22\x24-\x7e]*$/
const escapes = /%[0-9A-Fa-f]{2}/g
const unreserved = /^[A-Za-z0-9\-._~]$/

/**
 * Reads a target so that nobody behind the gateway can read another path out of it: whatever two parsers are known to
 * see differently is refused, and what is left is passed on in the one spelling of RFC 3986 §6.2.2.
 *
 * @see RFC 3986 §3.3, §5.2.4, §6.2.2; RFC 9110 §4.2.3
 */
export function readRequestTarget(target: string): RequestTarget | GatewayRefusal {
  if (isPlain(target)) return { path: target, query: '' }
  const mark = target.indexOf('?')
  const raw = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark)
  if (!raw.startsWith('/')) return refuse('a path', 'another form')
  if (!pathCharacters.test(raw)) return refuse('characters of RFC 3986 §3.3', 'others, such as a backslash')
  if (!queryCharacters.test(query)) return refuse('a query of visible ASCII', 'other characters')
  const escaped = refuseEscapes(raw)
  if (escaped !== undefined) return escaped
  const path = raw.replace(escapes, normalizeEscape)
  if (/%25[0-9a-f]{2}/i.test(path)) return refuse('one level of escapes', 'an escaped escape')
  const segments = path.split('/').slice(1)
  if (segments.some(isDotSegment)) return refuse('no dot segments', 'a dot segment')
  if (segments.slice(0, -1).includes('')) return refuse('no empty segments', 'an empty segment')
  return { path, query }
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~'
const slash = 0x2f
const plainCodes: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  letters.includes(String.fromCharCode(code)),
)

/**
 * Whether a target is a path of letters, digits, `-`, `_` and `~` between single slashes: then none of what follows can
 * find anything, and most targets are so.
 */
function isPlain(target: string): boolean {
  let before = 0
  for (let at = 0; at < target.length; at += 1) {
    const code = target.charCodeAt(at)
    if (code === slash ? before === slash : at === 0 || plainCodes[code] !== true) return false
    before = code
  }
  return before !== 0
}

function refuseEscapes(raw: string): GatewayRefusal | undefined {
  const escaped = /%(?:2f|5c|[01][0-9a-f]|7f)/i.exec(raw)?.[0]
  if (escaped !== undefined) return refuse('no escaped slash, backslash or control character', escaped)
  try {
    decodeURIComponent(raw)
    return undefined
  } catch {
    return refuse('escapes of valid UTF-8', 'other bytes')
  }
}

function normalizeEscape(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return unreserved.test(character) ? character : escaped.toUpperCase()
}

/** Some servers cut a segment at its semicolon first and see `..` in `..;x`. */
function isDotSegment(segment: string): boolean {
  return /^\.{1,2}(?:;|$)/.test(segment)
}

function refuse(expected: string, got: string): GatewayRefusal {
  return { refused: 'path_malformed', rule: 'RFC 3986 §3.3', expected, got }
}
