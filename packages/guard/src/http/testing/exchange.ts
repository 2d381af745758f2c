import { randomUUID } from 'node:crypto'
import { request as send } from 'node:http'
import { accessTokenHash, createDpopProof, type DpopClaims, type SigningKey } from '@sallyport/credentials'

/** No promise of anybody: only the end of waiting for an answer that never comes. */
const patienceMs = 30_000

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** One request over a real socket; headers as pairs, so that they can be repeated. */
export function exchange(
  origin: string,
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  options: { readonly method?: string; readonly body?: string } = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const url = new URL(origin)
  const flat = ['host', url.host, 'connection', 'close', ...headers.flat()]
  const length = Buffer.byteLength(options.body ?? '')
  if (options.method === 'POST') flat.push('content-length', String(length))
  const outgoing = send({ host: url.hostname, port: url.port, path, method: options.method ?? 'GET', headers: flat })
  outgoing.setTimeout(patienceMs, () => outgoing.destroy(new Error(`${path}: no answer in ${patienceMs} ms`)))
  outgoing.on('error', reject)
  outgoing.on('response', response => {
    let body = ''
    response.on('error', reject)
    response.setEncoding('utf8')
    response.on('data', chunk => {
      body += chunk
    })
    response.on('end', () => {
      const answered = Object.entries(response.headers).map(([name, value]) => [name, value?.toString()])
      resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(answered), body })
    })
  })
  outgoing.end(options.body)
  return promise
}

export function bearer(token: string): readonly (readonly [string, string])[] {
  return [['authorization', `Bearer ${token}`]]
}

/** Scheme and proof for a token, as a well-behaved client sends them unless told otherwise. */
export function dpop(
  key: SigningKey,
  token: string,
  method: string,
  url: string,
  claims: Partial<DpopClaims> = {},
): readonly (readonly [string, string])[] {
  const proof = createDpopProof(key, {
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    ath: accessTokenHash(token),
    ...claims,
  })
  return [
    ['authorization', `DPoP ${token}`],
    ['dpop', proof],
  ]
}
