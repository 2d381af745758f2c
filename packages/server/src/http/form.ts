import { isAscii } from 'node:buffer'
import { mediaType } from './media-type.ts'
import type { InputRefusal } from './refusal.ts'

/** The parameters of a form or query string, as OAuth wants them read. */
export interface Form {
  /** Parameters sent exactly once with a value. One sent empty counts as left out; a repeated one is not here. */
  readonly fields: ReadonlyMap<string, string>
  /** Names sent more than once, each named once. A caller refuses them all, or all but those that may repeat. */
  readonly repeated: readonly string[]
  /** Every non-empty value by name in the order sent, for the few parameters that may repeat (RFC 8707 `resource`). */
  readonly values: ReadonlyMap<string, readonly string[]>
}

export interface FormLimits {
  /** Largest body or query string, in bytes. */
  readonly maxBytes: number
  /** Largest number of name-value pairs. */
  readonly maxFields: number
}

export type FormRefusal = InputRefusal<'body_type' | 'body_too_large' | 'too_many_fields' | 'malformed_form'>

export const formLimits: FormLimits = { maxBytes: 65_536, maxFields: 200 }

const formMediaType = 'application/x-www-form-urlencoded'
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a request body as a form, strictly: right media type, within the limits, valid percent-encoding, valid UTF-8,
 * no NUL. Nothing is guessed and nothing sent twice is chosen from.
 *
 * @param body  the bytes as received; `undefined` when the request had none
 * @param contentType  the `Content-Type` header
 * @returns the form, or `body_type`, `body_too_large`, `too_many_fields`, `malformed_form`
 * @see OAuth 2.1 draft §3.2 (repeated and empty parameters), WHATWG URL §5.1 (the format)
 */
export function readForm(
  body: Uint8Array | undefined,
  contentType: string | undefined,
  limits: FormLimits = formLimits,
): Form | FormRefusal {
  if (mediaType(contentType) !== formMediaType) {
    return {
      refused: 'body_type',
      rule: 'OAuth 2.1 §3.2',
      expected: formMediaType,
      got: contentType === undefined ? 'no Content-Type' : contentType.slice(0, 80),
      hint: `Send the parameters as ${formMediaType} (with curl: -d name=value).`,
    }
  }
  const bytes = body ?? new Uint8Array(0)
  if (bytes.byteLength > limits.maxBytes) return tooLarge(limits, bytes.byteLength)
  const text = decodeUtf8(bytes)
  return text === undefined ? malformed('bytes that are not UTF-8') : readPairs(text, limits)
}

/** Reads a query string (without its `?`) by the same rules as `readForm`. */
export function readQuery(query: string, limits: FormLimits = formLimits): Form | FormRefusal {
  if (Buffer.byteLength(query) > limits.maxBytes) return tooLarge(limits, Buffer.byteLength(query))
  return query.isWellFormed() ? readPairs(query, limits) : malformed('a lone surrogate')
}

/** What was read; `values` is made for the few who ask for it. */
class ReadPairs implements Form {
  readonly fields = new Map<string, string>()
  repeated: readonly string[] = []
  /** Names and values in turn. */
  readonly pairs: string[] = []

  get values(): ReadonlyMap<string, readonly string[]> {
    const values = new Map<string, string[]>()
    for (let at = 0; at < this.pairs.length; at += 2) {
      const [name = '', value = ''] = [this.pairs[at], this.pairs[at + 1]]
      if (value !== '') values.set(name, [...(values.get(name) ?? []), value])
    }
    return values
  }
}

function readPairs(text: string, limits: FormLimits): Form | FormRefusal {
  const read = new ReadPairs()
  // A NUL comes as itself or as %00; what holds neither need not be searched part by part.
  const mayHoldNul = text.includes('\0') || text.includes('%00')
  const seen = new Set<string>()
  for (let from = 0; from < text.length; ) {
    const next = text.indexOf('&', from)
    const end = next < 0 ? text.length : next
    const pair = text.slice(from, end)
    from = end + 1
    if (pair === '') continue
    if (read.pairs.length === 2 * limits.maxFields) return tooMany(limits)
    const equals = pair.indexOf('=')
    const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decodeComponent(pair.slice(equals + 1))
    if (name === undefined || value === undefined) return malformed('a percent-encoding that is not valid UTF-8')
    if (name === '') return malformed('a parameter without a name')
    if (mayHoldNul && (name.includes('\0') || value.includes('\0'))) return malformed('a NUL character')
    read.pairs.push(name, value)
    if (seen.has(name)) {
      read.fields.delete(name)
      if (!read.repeated.includes(name)) read.repeated = [...read.repeated, name]
    } else if (value !== '') read.fields.set(name, value)
    seen.add(name)
  }
  return read
}

function decodeComponent(component: string): string | undefined {
  const spaced = component.includes('+') ? component.replaceAll('+', ' ') : component
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  // Forms of programs are ASCII nearly always, which needs no decoder.
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function tooLarge(limits: FormLimits, got: number): FormRefusal {
  return {
    refused: 'body_too_large',
    rule: 'RFC 9110 §15.5.14',
    expected: `at most ${limits.maxBytes} bytes`,
    got: `${got} bytes`,
    hint: `Send at most ${limits.maxBytes} bytes.`,
  }
}

function tooMany(limits: FormLimits): FormRefusal {
  return {
    refused: 'too_many_fields',
    rule: 'OAuth 2.1 §3.2',
    expected: `at most ${limits.maxFields} parameters`,
    got: 'more',
    hint: `Send at most ${limits.maxFields} parameters.`,
  }
}

function malformed(got: string): FormRefusal {
  return {
    refused: 'malformed_form',
    rule: 'WHATWG URL §5.1',
    expected: 'name=value pairs, percent-encoded UTF-8, joined by &',
    got,
    hint: 'Percent-encode each name and value as UTF-8.',
  }
}
