/** What nearly every program sends, and nothing to read in it. */
const bare: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'application/json'])

/**
 * The media type of a `Content-Type` header, lower-cased and without parameters, when its charset (if any is named) is
 * UTF-8; `undefined` for a missing or malformed header or another charset (RFC 9110 §8.3.1).
 */
export function mediaType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined
  if (bare.has(contentType)) return contentType
  const [essence, ...parameters] = contentType.split(';').map(part => part.trim())
  if (essence === undefined || !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(essence)) return undefined
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=').map(part => part.trim().toLowerCase())
    if (name === 'charset' && value?.replace(/^"(.*)"$/, '$1') !== 'utf-8') return undefined
  }
  return essence.toLowerCase()
}
