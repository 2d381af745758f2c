import { createHash } from 'node:crypto'

export interface JsonLimits {
  /** Most UTF-16 units of text the value may take, counted before anything is built. */
  readonly maxLength: number
  readonly maxDepth: number
}

/** What a question to door two may weigh: the memory of a WebAssembly instance grows and never shrinks. */
const INPUT_LIMITS: JsonLimits = { maxLength: 65_536, maxDepth: 32 }

/**
 * One text for one value: members sorted, no white space, numbers and strings as ECMAScript writes them (RFC 8785).
 * As in `JSON.stringify`, `toJSON` is honoured and `undefined` members are left out.
 *
 * @throws TypeError for what JSON cannot say the same way to everyone: `NaN`, infinities, lone surrogates, functions,
 *   big integers, cycles, and anything over `limits`
 */
export function canonicalJson(value: unknown, limits: JsonLimits = INPUT_LIMITS): string {
  const text = write(value, limits.maxDepth, { left: limits.maxLength })
  if (text === undefined) throw new TypeError('undefined is not JSON')
  return text
}

/** SHA-256 of the canonical JSON, in lower-case hex: how a log names an input without holding it. */
export function canonicalDigest(value: unknown, limits: JsonLimits = INPUT_LIMITS): string {
  return createHash('sha256').update(canonicalJson(value, limits)).digest('hex')
}

interface Budget {
  left: number
}

function write(value: unknown, depth: number, budget: Budget): string | undefined {
  if (value === undefined) return undefined
  if (value === null || typeof value === 'boolean') return spend(String(value), budget)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is not JSON`)
    return spend(JSON.stringify(value), budget)
  }
  if (typeof value === 'string') return writeString(value, budget)
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} is not JSON`)
  if (depth === 0) throw new TypeError('the value is nested too deeply')
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON(), depth - 1, budget)
  return Array.isArray(value) ? writeArray(value, depth - 1, budget) : writeObject(value, depth - 1, budget)
}

function writeString(value: string, budget: Budget): string {
  if (!value.isWellFormed()) throw new TypeError('a string holds a lone surrogate')
  if (value.length > budget.left) throw new TypeError('the value is too large')
  return spend(JSON.stringify(value), budget)
}

function writeArray(values: readonly unknown[], depth: number, budget: Budget): string {
  const texts: string[] = []
  for (const value of values) {
    spend(',', budget)
    const text = write(value, depth, budget)
    if (text === undefined) throw new TypeError('undefined in a list is not JSON')
    texts.push(text)
  }
  return `[${texts.join(',')}]`
}

function writeObject(value: object, depth: number, budget: Budget): string {
  const members: string[] = []
  for (const [name, member] of Object.entries(value).sort(byName)) {
    const text = write(member, depth, budget)
    if (text !== undefined) members.push(`${writeString(name, budget)}:${text}`)
  }
  return spend(`{${members.join(',')}}`, budget, members.length + 2)
}

/** RFC 8785 §3.2.3: by UTF-16 code units, never by locale. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function spend(text: string, budget: Budget, cost: number = text.length): string {
  budget.left -= cost
  if (budget.left < 0) throw new TypeError('the value is too large')
  return text
}
