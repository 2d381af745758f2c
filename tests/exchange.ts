import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

/** No promise of the product: only the end of waiting for an answer that never comes. */
const patienceMs = 30_000

/** An answer, whole. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as an object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string | Uint8Array | URLSearchParams
  /** The request target as it goes on the wire, instead of the URL's own path and query. */
  readonly target?: string
}

/**
 * One request, sent as it is told: unlike `fetch` it takes any header (also twice), any target, follows nothing and keeps
 * no cookies. A form body gets its media type unless one is given.
 */
export function exchange(url: string | URL, sent: Sent = {}): Promise<Reply> {
  const at = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const form = sent.body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
  const body = sent.body instanceof URLSearchParams ? sent.body.toString() : sent.body
  const given = Object.entries({ ...form, ...sent.headers }).filter(([, value]) => value !== undefined)
  const headers = Object.fromEntries(given) as OutgoingHttpHeaders
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const message = request(at, {
    method: sent.method ?? 'GET',
    path: sent.target ?? `${at.pathname}${at.search}`,
    headers: { ...length, ...headers },
  })
  message.setTimeout(patienceMs, () => message.destroy(new Error(`${at}: no answer in ${patienceMs} ms`)))
  message.once('error', reject)
  message.once('response', response => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('error', reject)
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: readObject(text) })
    })
  })
  message.end(body)
  return promise
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  } catch {
    return {}
  }
}
