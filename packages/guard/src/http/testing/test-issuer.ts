import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AccessTokenClaims,
  type FeedMessage,
  fixedKeys,
  generateSigningKey,
  mintOpaqueToken,
  type RevocationEntry,
  type SigningKey,
  signAccessToken,
  signFeedMessage,
  signJwt,
  signNow,
  snapshotMessages,
  verifyJwt,
  verifyKeyOf,
} from '@sallyport/credentials'

/** An issuer for the guard's tests: real keys, tokens, introspection and feed over HTTP, made of `credentials` alone. */
export interface TestIssuer {
  readonly issuer: string
  readonly key: SigningKey
  readonly clientKey: SigningKey
  /** Requests so far, by path. */
  readonly asked: Map<string, number>
  token(claims: Partial<AccessTokenClaims>, typ?: string): Promise<string>
  opaque(claims: Partial<AccessTokenClaims>): string
  revoke(entry: Pick<RevocationEntry, 'kind' | 'id'>): Promise<void>
  /** Ends the feed and refuses it until `restoreFeed`. */
  cutFeed(): void
  restoreFeed(): void
  /** Begins the feed anew, as after a restart: another epoch, numbers from 0, everything live in its snapshot. */
  restartFeed(): void
  /** Answers 500 to everything but the feed. */
  breakDown(): void
  repair(): void
  close(): Promise<void>
}

export async function testIssuer(algorithm: SigningKey['algorithm'] = 'ES256'): Promise<TestIssuer> {
  const key = generateSigningKey(algorithm)
  const clientKey = generateSigningKey('ES256')
  const feedKey = generateSigningKey('ES256')
  const asked = new Map<string, number>()
  const opaque = new Map<string, AccessTokenClaims>()
  const revocations: RevocationEntry[] = []
  const readers = new Set<ServerResponse>()
  let feedCut = false
  let epoch = randomUUID()
  let firstSeq = 0
  let broken = false
  let issuer = ''

  const now = () => Math.floor(Date.now() / 1000)
  const claimsOf = (claims: Partial<AccessTokenClaims>): AccessTokenClaims => ({
    iss: issuer,
    sub: 'user_alice',
    aud: 'http://orders.test',
    client_id: 'shop',
    iat: now(),
    exp: now() + 300,
    jti: randomUUID(),
    scope: 'read:orders',
    ...claims,
  })
  const line = (message: FeedMessage) => signFeedMessage(message, { issuer, nowSeconds: now(), key: feedKey }, signNow)
  const position = () => ({ epoch, seq: revocations.length - firstSeq })

  const openFeed = async (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/jwt-stream' })
    response.write(`${await line({ type: 'key', jwk: feedKey.publicJwk })}\n`)
    for (const message of snapshotMessages(revocations, position())) response.write(`${await line(message)}\n`)
    readers.add(response)
    response.on('close', () => readers.delete(response))
  }
  const heartbeat = setInterval(async () => {
    const text = await line({ type: 'heartbeat', ...position() })
    for (const reader of readers) reader.write(`${text}\n`)
  }, 200)

  const isClient = async (form: URLSearchParams): Promise<boolean> => {
    const verified = await verifyJwt(form.get('client_assertion') ?? '', {
      typ: 'JWT',
      algorithms: ['ES256'],
      keys: fixedKeys([verifyKeyOf(clientKey)]),
      issuer: form.get('client_id') ?? '',
      audience: issuer,
      audienceForm: 'single',
      nowSeconds: now(),
    })
    return !('refused' in verified)
  }
  const exchangeToken = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await bodyOf(request))
    if (!(await isClient(form))) return json(response, 401, { error: 'invalid_client' })
    const outside = await claimsOfToken(form.get('subject_token') ?? '')
    const dead = outside === undefined || revocations.some(({ id }) => id === outside.jti || id === outside.family)
    if (dead) return json(response, 400, { error: 'invalid_request' })
    const { cnf: _checkedAtTheGateway, ...kept } = outside
    const exp = Math.min(outside.exp, now() + 60)
    const claims = { ...kept, aud: form.get('resource') ?? '', iat: now(), exp }
    const access_token = await signAccessToken(claims, key, signNow)
    json(response, 200, { access_token, token_type: 'Bearer', expires_in: exp - now() })
  }
  const claimsOfToken = async (token: string): Promise<AccessTokenClaims | undefined> => {
    if (opaque.has(token)) return opaque.get(token)
    const expected = { typ: 'at+jwt', algorithms: [algorithm], keys: fixedKeys([verifyKeyOf(key)]), issuer }
    const verified = await verifyJwt(token, { ...expected, audience: undefined, nowSeconds: now() })
    return 'refused' in verified ? undefined : (verified.claims as AccessTokenClaims)
  }
  const introspect = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await bodyOf(request))
    if (!(await isClient(form))) return json(response, 401, { error: 'invalid_client' })
    const claims = opaque.get(form.get('token') ?? '')
    json(response, 200, claims === undefined ? { active: false } : { active: true, token_type: 'Bearer', ...claims })
  }
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (path === '/revocations') {
      if (feedCut) response.writeHead(503).end()
      else await openFeed(response)
    } else if (broken) response.writeHead(500).end()
    else if (path === '/jwks') json(response, 200, { keys: [key.publicJwk] })
    else if (path === '/token') await exchangeToken(request, response)
    else if (path === '/introspect') await introspect(request, response)
    else if (path === '/.well-known/oauth-authorization-server') {
      json(response, 200, {
        issuer,
        jwks_uri: `${issuer}/jwks`,
        introspection_endpoint: `${issuer}/introspect`,
        token_endpoint: `${issuer}/token`,
      })
    } else response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer,
    key,
    clientKey,
    asked,
    token: (claims, typ) =>
      typ === undefined
        ? signAccessToken(claimsOf(claims), key, signNow)
        : signJwt({ typ, claims: claimsOf(claims), key }, signNow),
    opaque(claims) {
      const { token } = mintOpaqueToken('at', { nowMs: Date.now(), random: randomBytes })
      opaque.set(token, claimsOf(claims))
      return token
    },
    async revoke(entry) {
      const revocation = { ...entry, before: now(), exp: now() + 600 }
      revocations.push(revocation)
      const text = await line({ type: 'entry', ...position(), entry: revocation })
      for (const reader of readers) reader.write(`${text}\n`)
    },
    cutFeed() {
      feedCut = true
      for (const reader of readers) reader.destroy()
    },
    restoreFeed: () => {
      feedCut = false
    },
    restartFeed() {
      epoch = randomUUID()
      firstSeq = revocations.length
      for (const reader of readers) reader.destroy()
    },
    breakDown: () => {
      broken = true
    },
    repair: () => {
      broken = false
    },
    async close() {
      clearInterval(heartbeat)
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}
