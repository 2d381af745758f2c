import type { Answer } from '@sallyport/guard'

/** An answer as one header value, for a proxy that can pass on no other than its status. */
export function carriedAnswer({ status, headers, body }: Answer): string {
  return Buffer.from(JSON.stringify([status, headers, body])).toString('base64url')
}

/** The answer out of such a value, or `undefined` for what is none. */
export function readCarriedAnswer(value: string): Answer | undefined {
  let read: unknown
  try {
    read = JSON.parse(Buffer.from(value, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!Array.isArray(read) || read.length !== 3) return undefined
  const [status, headers, body]: unknown[] = read
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) return undefined
  if (typeof body !== 'string' || typeof headers !== 'object' || headers === null) return undefined
  const pairs = Object.entries(headers).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return { status, headers: Object.fromEntries(pairs), body }
}
