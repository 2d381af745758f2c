/**
 * The least that an authority on this machine, this Node and this disk can do: node:http, a form, one secret compared, one
 * token, and what the answer says durable in our store's group commit, audit record included. No scopes, no senders, no
 * limits, no metrics, nothing configured: what the token path could cost if the rest of the product cost nothing.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchedSign, generateSigningKey, mintSelector, signJwt } from '@sallyport/credentials'
import { createSealer, openMasterKey, openSqliteStore, type Write } from '@sallyport/store'
import { freePorts } from '../../tests/free-ports.ts'
import { clientId, onCodesAsked, type SideSaid } from './token-path.ts'

interface Row {
  readonly secret_hash: string
  readonly sub: string
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-least-'))
const nowSeconds = () => Math.floor(Date.now() / 1000)
const store = await openSqliteStore({
  path: join(folder, 'store.sqlite'),
  nowSeconds,
  sealer: createSealer(openMasterKey({ home: folder, environment: {} }), 'least'),
  sealedKinds: [],
  audit: { path: join(folder, 'audit.log'), writer: 'least' },
})
const rows = store.of('main')
const sign = batchedSign(setImmediate)
const key = generateSigningKey('ES256')
const { port } = await freePorts(['port'])
const said: SideSaid = {
  issuer: `http://127.0.0.1:${port}`,
  token: '/token',
  introspection: '/introspect',
  jwks: '/jwks',
  discovery: '/discovery',
  secret: randomBytes(32).toString('base64url'),
  redirectUri: 'http://localhost:4200/cb',
  opaque: 'opaque',
  jwt: 'jwt',
}
const secretHash = hash('sha256', said.secret, 'buffer')

createServer((request, response) => {
  const chunks: Buffer[] = []
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', async () => {
      const body = JSON.stringify(
        await answer(request.url ?? '', new URLSearchParams(Buffer.concat(chunks).toString())),
      )
      response.writeHead(200, ['content-type', 'application/json', 'content-length', String(body.length)]).end(body)
    })
}).listen(port, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(said)}\n`))
process.once('SIGTERM', async () => {
  await store.close()
  rmSync(folder, { recursive: true })
  process.exit(0)
})
onCodesAsked(async count => {
  const minted = Array.from({ length: count }, () => mint('code'))
  for (let from = 0; from < count; from += 1000)
    await rows.commit(minted.slice(from, from + 1000).map(({ write }) => write))
  return minted.map(({ token }) => token)
})

async function answer(path: string, form: URLSearchParams): Promise<object> {
  if (!timingSafeEqual(hash('sha256', form.get('client_secret') ?? '', 'buffer'), secretHash)) return refused
  if (path === said.introspection) return introspected(form.get('token') ?? '')
  const kind = { authorization_code: 'code', refresh_token: 'refresh' }[form.get('grant_type') ?? '']
  if (kind !== undefined) return exchanged(kind, form.get(kind === 'code' ? 'code' : 'refresh_token') ?? '')
  if (form.get('resource') === said.jwt) {
    const access_token = await jwt()
    await rows.commit([], { audit: record() })
    return { access_token, token_type: 'Bearer', expires_in: 600, scope: 'read:orders' }
  }
  const { token: access_token, write } = mint('access')
  await rows.commit([write], { audit: record() })
  return { access_token, token_type: 'Bearer', expires_in: 600, scope: 'read:orders' }
}

async function introspected(token: string): Promise<object> {
  const row = await shown('access', token)
  return row === undefined
    ? { active: false }
    : { active: true, sub: row.sub, scope: 'read:orders', token_type: 'Bearer' }
}

async function exchanged(kind: string, token: string): Promise<object> {
  if ((await shown(kind, token)) === undefined) return refused
  const next = mint('refresh')
  const access_token = await jwt()
  const taken = await rows.take(kind, token.slice(0, 20), { put: [next.write], audit: record() })
  if (!('won' in taken)) return refused
  return { access_token, token_type: 'Bearer', expires_in: 600, scope: 'read:orders', refresh_token: next.token }
}

async function shown(kind: string, token: string): Promise<Row | undefined> {
  const row = (await rows.peek<Row>(kind, token.slice(0, 20)))?.value
  return row?.secret_hash === hash('sha256', token, 'base64url') ? row : undefined
}

function mint(kind: string): { readonly token: string; readonly write: Write } {
  const selector = mintSelector({ nowMs: Date.now(), random: randomBytes })
  const token = selector + randomBytes(32).toString('base64url')
  const value: Row = { secret_hash: hash('sha256', token, 'base64url'), sub: 'user_1' }
  return { token, write: { put: { kind, key: selector, value, expiresAt: nowSeconds() + 600 } } }
}

const jwt = () => {
  const iat = nowSeconds()
  const claims = {
    iss: said.issuer,
    sub: 'user_1',
    aud: said.jwt,
    client_id: clientId,
    iat,
    exp: iat + 600,
    jti: randomBytes(16).toString('hex'),
  }
  return signJwt({ typ: 'at+jwt', claims, key }, sign)
}

const record = () => ({ at: nowSeconds(), tenant: 'main', actor: clientId, action: 'token.grant', outcome: 'done' })

const refused = { error: 'invalid_grant' }
