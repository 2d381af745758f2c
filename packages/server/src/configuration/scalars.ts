import { type Field, type FieldOptions, type Optional, plainField } from './field.ts'

export interface NumberOptions extends FieldOptions<number> {
  readonly min: number
  readonly max: number
}

/** A whole number of seconds; the key's name ends in `Seconds`. */
export function seconds<const O extends NumberOptions>(options: O): Field<Optional<number, O>> {
  return whole('seconds', ' seconds', options)
}

/** A whole number of milliseconds; the key's name ends in `Ms`. */
export function milliseconds<const O extends NumberOptions>(options: O): Field<Optional<number, O>> {
  return whole('milliseconds', ' ms', options)
}

/** A size in bytes; the key's name ends in `Bytes`. */
export function bytes<const O extends NumberOptions>(options: O): Field<Optional<number, O>> {
  return whole('bytes', ' bytes', options)
}

/** A number of things. */
export function count<const O extends NumberOptions>(options: O): Field<Optional<number, O>> {
  return whole('count', '', options)
}

/** A part of a whole, 0 to 1. */
export function ratio<const O extends FieldOptions<number>>(options: O): Field<Optional<number, O>> {
  return plainField<number, O>('ratio', '0 to 1', options, value => {
    if (typeof value !== 'number') return 'wrong_type'
    return value >= 0 && value <= 1 ? { value } : 'out_of_range'
  })
}

/** A TCP port; 0 looks for a free one. */
export function port<const O extends FieldOptions<number>>(options: O): Field<Optional<number, O>> {
  return whole('port', '', { ...options, min: 0, max: 65_535 })
}

/** true or false. */
export function flag<const O extends FieldOptions<boolean>>(options: O): Field<Optional<boolean, O>> {
  return plainField<boolean, O>('flag', 'true or false', options, value =>
    typeof value === 'boolean' ? { value } : 'wrong_type',
  )
}

export interface TextOptions extends FieldOptions<string> {
  /** Characters; default 200. */
  readonly maxLength?: number
  readonly pattern?: RegExp
  /** The pattern in words. */
  readonly range?: string
}

/** A text on one line, not empty. */
export function text<const O extends TextOptions>(options: O): Field<Optional<string, O>> {
  const { maxLength = 200, pattern } = options
  const range = options.range ?? `1 to ${maxLength} characters`
  return plainField<string, O>('text', range, options, value => {
    if (typeof value !== 'string') return 'wrong_type'
    const fits = value.length > 0 && value.length <= maxLength && isOneLine(value) && (pattern?.test(value) ?? true)
    return fits ? { value } : 'out_of_range'
  })
}

/** A path of a file or folder; a relative one counts from the working folder. */
export function path<const O extends FieldOptions<string>>(options: O): Field<Optional<string, O>> {
  return plainField<string, O>('path', 'a path', options, value => {
    if (typeof value !== 'string') return 'wrong_type'
    return value.length > 0 && value.length <= 4096 && isOneLine(value) ? { value } : 'out_of_range'
  })
}

/** One of a few words. */
export function choice<const W extends string, const O extends FieldOptions<W>>(
  words: readonly W[],
  options: O,
): Field<Optional<W, O>> {
  return plainField<W, O>('choice', words.join(' or '), options, value => {
    const word = words.find(each => each === value)
    if (word !== undefined) return { value: word }
    return typeof value === 'string' ? 'out_of_range' : 'wrong_type'
  })
}

export interface UrlOptions extends FieldOptions<string> {
  /** Default: https, and http for loopback hosts. */
  readonly schemes?: readonly ('http' | 'https')[]
}

/** An absolute http(s) address without credentials and fragment, kept as it is written. */
export function url<const O extends UrlOptions>(options: O): Field<Optional<string, O>> {
  return address('url', 'an address', options, () => true)
}

/** An origin: scheme, host and port, with nothing after it, not even a slash. */
export function origin<const O extends UrlOptions>(options: O): Field<Optional<string, O>> {
  return address('origin', 'an origin such as https://auth.example', options, (parsed, raw) => parsed.origin === raw)
}

function address<O extends UrlOptions>(
  kind: string,
  noun: string,
  options: O,
  fits: (parsed: URL, raw: string) => boolean,
): Field<Optional<string, O>> {
  const { schemes } = options
  const range = `${noun}, ${schemes?.join(' or ') ?? 'https, or http on loopback'}`
  return plainField<string, O>(kind, range, options, value => {
    if (typeof value !== 'string') return 'wrong_type'
    const parsed = URL.parse(value)
    if (parsed === null || parsed.username !== '' || parsed.password !== '' || value.includes('#'))
      return 'out_of_range'
    const allowed = schemes?.map(scheme => `${scheme}:`) ?? (isLoopback(parsed) ? ['https:', 'http:'] : ['https:'])
    return allowed.includes(parsed.protocol) && fits(parsed, value) ? { value } : 'out_of_range'
  })
}

function whole<O extends NumberOptions>(kind: string, unit: string, options: O): Field<Optional<number, O>> {
  const { min, max } = options
  return plainField<number, O>(kind, `${min} to ${max}${unit}`, options, value => {
    if (typeof value !== 'number') return 'wrong_type'
    return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : 'out_of_range'
  })
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\.|^\[::1\]$/.test(hostname)
}

function isOneLine(value: string): boolean {
  return !/\p{Cc}/u.test(value)
}
