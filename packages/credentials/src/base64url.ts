/**
 * Base64url as RFC 7515 §2 has it: no padding, no line breaks, no characters of plain base64.
 *
 * @returns the bytes, or `undefined` unless `text` is their one canonical spelling. Encoding the result again and comparing
 *   refuses padding, foreign characters, impossible lengths and stray bits at the end in one step.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

export function encodeBase64url(data: string | Uint8Array): string {
  if (typeof data === 'string') return Buffer.from(data, 'utf8').toString('base64url')
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64url')
}
