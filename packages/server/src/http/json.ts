import { mediaType } from './media-type.ts'
import type { InputRefusal } from './refusal.ts'

export interface JsonLimits {
  /** Largest body, in bytes. */
  readonly maxBytes: number
  /** Deepest nesting of arrays and objects; a bare value has depth 0. */
  readonly maxDepth: number
}

export type JsonRefusal = InputRefusal<
  'body_type' | 'body_too_large' | 'malformed_json' | 'duplicate_member' | 'too_deep' | 'forbidden_member'
>

export const jsonLimits: JsonLimits = { maxBytes: 262_144, maxDepth: 16 }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a request body as JSON, strictly: a JSON media type, within the limits, valid UTF-8, no member named twice in
 * one object (two readers would see two different requests), no `__proto__`, no lone surrogates.
 *
 * @returns `{ value }`, or a refusal
 * @see RFC 8259 §4 and §8, RFC 7493 §2.1 and §2.3
 */
export function readJson(
  body: Uint8Array | undefined,
  contentType: string | undefined,
  limits: JsonLimits = jsonLimits,
): { readonly value: unknown } | JsonRefusal {
  const type = mediaType(contentType)
  if (type !== 'application/json' && type?.endsWith('+json') !== true) {
    const got = contentType === undefined ? 'no Content-Type' : contentType.slice(0, 80)
    return refuse('body_type', 'RFC 8259 §11', 'application/json', got, 'Send the body as application/json.')
  }
  return parseJson(body ?? new Uint8Array(0), limits)
}

/** The same reader for JSON that is not a request's body, such as a remote server's answer. */
export function parseJson(
  bytes: Uint8Array,
  limits: JsonLimits = jsonLimits,
): { readonly value: unknown } | JsonRefusal {
  if (bytes.byteLength > limits.maxBytes) {
    const most = `at most ${limits.maxBytes} bytes`
    return refuse('body_too_large', 'RFC 9110 §15.5.14', most, `${bytes.byteLength} bytes`, `Send ${most}.`)
  }
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    return inspect(text, limits) ?? { value }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return malformed('text that is not JSON in UTF-8')
    throw error
  }
}

/** Walks text that `JSON.parse` accepted, so only structure is left to look at. */
function inspect(text: string, limits: JsonLimits): JsonRefusal | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined)
      if (open.length > limits.maxDepth) return tooDeep(limits)
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const end = closingQuote(text, at)
      const string: unknown = JSON.parse(text.slice(at, end + 1))
      if (typeof string !== 'string' || !string.isWellFormed()) return malformed('a lone surrogate')
      at = end
      const members = open.at(-1)
      if (members === undefined || !isMemberName(text, end)) continue
      if (string === '__proto__') return forbidden()
      if (members.has(string)) return duplicate(string)
      members.add(string)
    }
  }
  return undefined
}

function closingQuote(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function isMemberName(text: string, closing: number): boolean {
  let at = closing + 1
  while (/\s/.test(text[at] ?? '')) at += 1
  return text[at] === ':'
}

function tooDeep(limits: JsonLimits): JsonRefusal {
  const most = `at most ${limits.maxDepth} levels`
  return refuse('too_deep', 'RFC 8259 §9', most, 'more', `Nest ${most}.`)
}

function duplicate(name: string): JsonRefusal {
  const got = `${JSON.stringify(name.slice(0, 40))} twice`
  return refuse('duplicate_member', 'RFC 7493 §2.3', 'each member once', got, 'Send each member once.')
}

function forbidden(): JsonRefusal {
  return refuse('forbidden_member', 'RFC 7493 §4.2', 'no member __proto__', '__proto__', 'Leave __proto__ out.')
}

function malformed(got: string): JsonRefusal {
  return refuse('malformed_json', 'RFC 8259 §2', 'one JSON value in UTF-8', got, 'Send one valid JSON value in UTF-8.')
}

function refuse(
  refused: JsonRefusal['refused'],
  rule: string,
  expected: string,
  got: string,
  hint: string,
): JsonRefusal {
  return { refused, rule, expected, got, hint }
}
