/** Short secrets are found in any text by chance. */
const shortest = 8
/** The end of a long one is nobody's but its own. */
const longest = 24

/** Secrets, and every way they could be written down. */
export class Marked {
  readonly #forms = new Map<string, readonly string[]>()

  /** Remembers a secret by what it is. */
  keep(what: string, value: string): string {
    if (value.length < shortest) throw new Error(`${what} is too short to look for`)
    this.#forms.set(`${what} ${this.#forms.size}`, formsOf(value))
    return value
  }

  get size(): number {
    return this.#forms.size
  }

  /** What of them stands in a text, in whatever form. */
  find(text: string, where: string): readonly string[] {
    return [...this.#forms]
      .filter(([, forms]) => forms.some(form => text.includes(form)))
      .map(([what]) => `${what} in ${where}`)
  }
}

/** As it is, percent-encoded, in hexadecimal, and in base64 and base64url wherever in the encoded bytes it begins. */
function formsOf(value: string): readonly string[] {
  const end = value.slice(-longest)
  const bytes = Buffer.from(end)
  const hex = bytes.toString('hex')
  const encoded = [0, 1, 2].flatMap(shift => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    // The characters at both ends depend on the neighbours.
    const inner = (text: string) => text.replace(/=+$/, '').slice(Math.ceil((shift * 8) / 6), -1)
    return [inner(padded.toString('base64')), inner(padded.toString('base64url'))]
  })
  const everyByte = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return [
    ...new Set([end, encodeURIComponent(end), everyByte, everyByte.toUpperCase(), hex, hex.toUpperCase(), ...encoded]),
  ]
}
