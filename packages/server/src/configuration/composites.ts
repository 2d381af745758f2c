import { describeValue, type Field, type FieldOptions, type Fields, type FieldValues, type Optional } from './field.ts'
import { parseFields } from './members.ts'

export interface ListOptions<T> extends FieldOptions<readonly T[]> {
  readonly minItems?: number
  /** Default 1,000. */
  readonly maxItems?: number
}

/** A list of values of one kind. */
export function list<T, const O extends ListOptions<T>>(item: Field<T>, options: O): Field<Optional<readonly T[], O>> {
  const { minItems = 0, maxItems = 1000 } = options
  const field: Field<readonly T[]> = {
    kind: `list of ${item.kind}`,
    about: options.about,
    range: `${minItems} to ${maxItems} of: ${item.range}`,
    default: options.default,
    optional: options.optional === true,
    live: options.live === true,
    see: options.see,
    source: 'file',
    members: item.members,
    parse: (value, at, report) => {
      if (!Array.isArray(value)) {
        report(at, { reason: 'wrong_type', got: describeValue(value) })
        return undefined
      }
      if (value.length < minItems || value.length > maxItems) {
        report(at, { reason: 'out_of_range', got: `${value.length} items` })
        return undefined
      }
      const items = value.map((each: unknown, position) => item.parse(each, [...at, position], report))
      return items.every(each => each !== undefined) ? items : undefined
    },
  }
  return field as Field<Optional<readonly T[], O>>
}

/** A map with keys of its own, mostly as the item of a list. */
export function group<const F extends Fields>(
  members: F,
  options: { readonly about: string; readonly live?: boolean },
): Field<FieldValues<F>> {
  return {
    kind: 'group',
    about: options.about,
    range: `a map of ${Object.keys(members).join(', ')}`,
    default: undefined,
    optional: false,
    live: options.live === true,
    see: undefined,
    source: 'file',
    members,
    parse: (value, at, report) => {
      if (value instanceof Map) return parseFields(members, value, at, report)
      report(at, { reason: 'wrong_type', got: describeValue(value) })
      return undefined
    },
  }
}

/** A secret, taken from the environment only: `SALLYPORT_<SECTION>_<KEY>`, or a file named by that with `_FILE`. */
export function secret<
  const O extends {
    readonly about: string
    readonly optional?: true
    readonly minLength?: number
    readonly variable?: `SALLYPORT_${string}`
  },
>(options: O): Field<Optional<string, O>> {
  const { minLength = 1 } = options
  const field: Field<string> = {
    kind: 'secret',
    about: options.about,
    range: `at least ${minLength} characters, from the environment`,
    default: undefined,
    optional: options.optional === true,
    live: false,
    see: undefined,
    source: 'environment',
    variable: options.variable,
    parse: (value, at, report) => {
      if (typeof value === 'string' && value.length >= minLength) return value
      report(at, { reason: 'out_of_range', got: 'a shorter one' })
      return undefined
    },
  }
  return field as Field<Optional<string, O>>
}
