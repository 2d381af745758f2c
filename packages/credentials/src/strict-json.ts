const maxDepth = 32
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A JSON object as received: every member is still to be judged. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads a JSON object and refuses what two parsers could read differently: repeated member names (RFC 7515 §4, RFC 7519 §4),
 * bytes that are not UTF-8, a byte order mark, nesting deeper than 32.
 *
 * @returns the object, or `undefined`
 */
export function parseJsonObject(data: string | Uint8Array): JsonObject | undefined {
  let value: unknown
  let text: string
  try {
    text = typeof data === 'string' ? data : utf8.decode(data)
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
  if (!isJsonObject(value)) return undefined
  const written = membersWritten(text)
  return written !== undefined && written === membersKept(value) ? value : undefined
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Members of all objects in a valid JSON text: each is followed by the only colon outside strings. When fewer were kept
 * than written, a name was repeated.
 */
function membersWritten(text: string): number | undefined {
  let members = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === 0x5c) at += 1
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x3a) members += 1
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > maxDepth) return undefined
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return members
}

function membersKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const children = Object.values(value)
  let members = Array.isArray(value) ? 0 : children.length
  for (const child of children) members += membersKept(child)
  return members
}
