/** What a packed group says it is of, after the time: audit records alone, or operations. */
export const GROUP_OF_RECORDS = 'records'
export const GROUP_OF_OPERATIONS = 'operations'

/** The operation of an audit record that goes with no write. */
export const AUDIT = 'audit'

/**
 * A group of operations crosses to the writer thread, and its verdicts come back, as one packed string: one copy, no
 * object graph to clone. Fields are separated by NUL, which no field can hold: names are spelled without it (names.ts),
 * values are JSON or sealed texts, the rest are words and numbers. An absent number is the empty field.
 */
export function pack(fields: readonly string[]): string {
  return fields.join('\0')
}

/** Reads packed fields one after the other. */
export class FieldReader {
  readonly #fields: readonly string[]
  #at = 0

  constructor(packed: string) {
    this.#fields = packed.split('\0')
  }

  get done(): boolean {
    return this.#at >= this.#fields.length
  }

  /** All fields that are left. */
  rest(): readonly string[] {
    const rest = this.#fields.slice(this.#at)
    this.#at = this.#fields.length
    return rest
  }

  text(): string {
    const field = this.#fields[this.#at]
    if (field === undefined) throw new RangeError(`a packed group ended after ${this.#at} fields`)
    this.#at += 1
    return field
  }

  integer(): number {
    return Number(this.text())
  }

  optionalInteger(): number | undefined {
    const field = this.text()
    return field === '' ? undefined : Number(field)
  }
}
