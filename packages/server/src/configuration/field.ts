/** Where in the file a value stands: member names and list positions from the root. */
export type KeyPath = readonly (string | number)[]

/** Tells one thing that is wrong. `got` never repeats a secret. */
export type Report = (at: KeyPath, problem: { readonly reason: ProblemReason; readonly got: string }) => void

export type ProblemReason =
  | 'unknown_key'
  | 'unknown_variable'
  | 'wrong_type'
  | 'out_of_range'
  | 'missing'
  | 'secret_in_file'
  | 'unreadable_file'
  | 'malformed_yaml'

/** One key of a section: its meaning, its range and how it is read. */
export interface Field<T> {
  readonly kind: string
  /** What the key decides, one sentence. */
  readonly about: string
  /** What is taken, in words: `300 to 900 seconds`. */
  readonly range: string
  readonly default: T | undefined
  /** A key without a default that may be left out. */
  readonly optional: boolean
  /** Whether a change takes effect without a restart. */
  readonly live: boolean
  /** The standard's section behind the range. */
  readonly see: string | undefined
  /** Where the value comes from: the file, or for secrets the environment. */
  readonly source: 'file' | 'environment'
  /** A secret's variable, when it is not derived from section and key. */
  readonly variable?: string | undefined
  /** The keys of a group's items, so that they can be documented and suggested. */
  readonly members?: Fields | undefined
  /** The value, or `undefined` after at least one report. A group's map comes as a `Map`. */
  parse(value: unknown, at: KeyPath, report: Report): T | undefined
}

// A field's value is read back through `FieldValue`, so the set only needs what is common to all of them.
export type Fields = Readonly<Record<string, Field<unknown>>>

export type FieldValue<F> = F extends Field<infer T> ? T : never

export type FieldValues<F extends Fields> = { readonly [K in keyof F]: FieldValue<F[K]> }

/** What every kind of field can be given. Without `default` and without `optional` the key must be set. */
export interface FieldOptions<T> {
  readonly about: string
  readonly default?: T
  readonly optional?: true
  readonly live?: boolean
  readonly see?: string
}

/** The type a field reads to, given its options. */
export type Optional<T, O> = O extends { readonly optional: true } ? T | undefined : T

/** What a value is, for a message: its type, and the value itself where that is short. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (value instanceof Map) return 'a map'
  if (Array.isArray(value)) return 'a list'
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** Builds a field from the check of one plain value: `judge` gives the value, or what is wrong with it. */
export function plainField<T, O extends FieldOptions<T>>(
  kind: string,
  range: string,
  options: O,
  judge: (value: unknown) => { readonly value: T } | ProblemReason,
): Field<Optional<T, O>> {
  const field: Field<T> = {
    kind,
    about: options.about,
    range,
    default: options.default,
    optional: options.optional === true,
    live: options.live === true,
    see: options.see,
    source: 'file',
    parse: (value, at, report) => {
      const judged = judge(value)
      if (typeof judged === 'object') return judged.value
      report(at, { reason: judged, got: describeValue(value) })
      return undefined
    },
  }
  return field as Field<Optional<T, O>>
}
