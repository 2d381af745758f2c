import { StoreError } from './store-error.ts'

/** Bytes of UTF-8 that a tenant, kind, key, stream, index name or index value may have; Postgres indexes no longer rows. */
export const NAME_BYTES_MAX = 1024

const NUL = '\u0000'
const LOW_ESCAPE = '\u0001'
const SURROGATE_ESCAPE = '\uE000'
const SURROGATE_FIRST = 0xd800
const SURROGATE_LAST = 0xdfff
const SURROGATE_SPELLING = 0x1000

/**
 * How adapters spell a name: any JavaScript string, without NUL (Postgres refuses it) and well-formed (UTF-8 has no
 * lone surrogates, and two of them must not become one U+FFFD). The spelling is injective and keeps the order by code
 * point; nearly every name is spelled as itself.
 *
 * @returns the spelling, or `undefined` when no record can have this name: it is empty or too long
 */
export function spellName(name: string): string | undefined {
  if (name.length === 0 || name.length > NAME_BYTES_MAX) return undefined
  const spelling = isPlain(name) ? name : Array.from(name, spellCharacter).join('')
  return Buffer.byteLength(spelling) <= NAME_BYTES_MAX ? spelling : undefined
}

/** The spelling of a name that is about to be written. @throws StoreError `invalid_write` */
export function spellNewName(what: string, name: string): string {
  const spelling = spellName(name)
  if (spelling !== undefined) return spelling
  const problem = `A ${what} of ${name.length} characters cannot be stored.`
  throw new StoreError('invalid_write', problem, `Use 1 to ${NAME_BYTES_MAX} bytes of UTF-8.`)
}

/** The name that has this spelling. */
export function readName(spelling: string): string {
  if (isPlain(spelling)) return spelling
  let name = ''
  for (let at = 0; at < spelling.length; at += 1) {
    const character = spelling.charAt(at)
    if (character !== LOW_ESCAPE && character !== SURROGATE_ESCAPE) {
      name += character
      continue
    }
    at += 1
    name += readEscaped(character, spelling.charAt(at))
  }
  return name
}

function isPlain(name: string): boolean {
  return name.isWellFormed() && !name.includes(NUL) && !name.includes(LOW_ESCAPE) && !name.includes(SURROGATE_ESCAPE)
}

function spellCharacter(character: string): string {
  if (character === NUL) return LOW_ESCAPE + LOW_ESCAPE
  if (character === LOW_ESCAPE) return `${LOW_ESCAPE}\u0002`
  if (character === SURROGATE_ESCAPE) return SURROGATE_ESCAPE + SURROGATE_ESCAPE
  const code = character.codePointAt(0) ?? 0
  if (code < SURROGATE_FIRST || code > SURROGATE_LAST) return character
  return SURROGATE_ESCAPE + String.fromCharCode(code - SURROGATE_FIRST + SURROGATE_SPELLING)
}

function readEscaped(mark: string, character: string): string {
  if (mark === LOW_ESCAPE) return character === LOW_ESCAPE ? NUL : LOW_ESCAPE
  if (character === SURROGATE_ESCAPE) return SURROGATE_ESCAPE
  return String.fromCharCode(character.charCodeAt(0) - SURROGATE_SPELLING + SURROGATE_FIRST)
}
