/**
 * Parses a JSON body that can be read in one way only: UTF-8 without errors, no member named twice (RFC 8259 §4 leaves
 * open which one counts), nothing named `__proto__`.
 *
 * @throws SyntaxError saying what is wrong, without repeating the body
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SyntaxError('The body is not JSON.')
  }
  refuseRepeatedMembers(text)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SyntaxError('The body is not UTF-8.')
  }
}

/** Strings, and what opens, closes and names; between them valid JSON has nothing of interest here. */
const TOKENS = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g

function refuseRepeatedMembers(text: string): void {
  const objects: Set<string>[] = []
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (colon !== undefined) {
      const name: string = JSON.parse(token.slice(0, -colon.length))
      const names = objects.at(-1)
      if (names?.has(name)) throw new SyntaxError('The body names a member twice.')
      if (name === '__proto__') throw new SyntaxError('The body names a member that it must not.')
      names?.add(name)
    }
  }
}
