/** A user's own service behind the gateway, by configuration and commands alone; no line of ours is changed for it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { guard } from '@sallyport/guard/node'
import { sallyport } from './command-line.ts'
import { exchange } from './exchange.ts'
import { freePorts } from './free-ports.ts'
import { launchSystem } from './system.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-own-'))
const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi', 'decision'])
const issuer = `http://localhost:${ports.authority}`
const gateway = `http://localhost:${ports.gateway}`
const resource = `${gateway}/notes`

/** The service: both doors in a line, for tokens of its own identifier, and what it got. */
const seen: (string | undefined)[] = []
const service = createServer(async (request, response) => {
  seen.push(request.headers.authorization)
  if (request.url === '/v1/openapi.json') {
    response.end('{"openapi":"3.1.0"}')
    return
  }
  const passed = await protect('read:notes')(request, response)
  if (passed) response.end(JSON.stringify({ path: request.url, subject: passed.caller.subject }))
})
await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
const inside = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
const protect = guard({ issuer, resource: inside })

const file = join(folder, 'sallyport.yaml')
const configuration = (routes: string) => `
demo:
  enabled: false
gateway:
  decisionProxy: nginx
  decisionPort: ${ports.decision}
  routes:
${routes}
`
const notes = `
    - prefix: /notes
      upstream: ${inside}/v1
      readScope: read:notes
      writeScope: write:notes
      publicPaths: [/notes/openapi.json]
`
writeFileSync(file, configuration(notes))
const home = join(folder, 'home')
const system = launchSystem({ home, ports, args: ['--config', file] })
const ready = await system.ready
after(async () => {
  system.child.kill('SIGTERM')
  await system.ended
  protect.close()
  service.close()
  rmSync(folder, { recursive: true, force: true })
})

await sallyport(
  { home },
  'resource',
  'add',
  resource,
  '--inside',
  inside,
  '--scope',
  'read:notes=See your notes',
  '--scope',
  'write:notes=Write notes',
)
const added = await sallyport(
  { home },
  'client',
  'add',
  'nightly',
  '--grant',
  'client_credentials',
  '--scope',
  'read:notes',
  '--resource',
  resource,
  '--json',
)
const secret: string = JSON.parse(added).client_secret

async function token(): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:notes', resource })
  const authorization = `Basic ${Buffer.from(`nightly:${secret}`).toString('base64')}`
  const { json, text } = await exchange(`${issuer}/token`, { method: 'POST', headers: { authorization }, body })
  return String(json.access_token ?? assert.fail(text))
}

test('without the demo the gateway serves the configured routes, and its key is made at the first start', () => {
  assert.equal(ready.addresses.gateway, gateway)
  assert.equal(ready.addresses['orders-api'], undefined)
})

test('a request goes to the own service with a token for it, and the outside token stays outside', async () => {
  const held = await token()
  const reply = await exchange(`${gateway}/notes/1?a=b`, { headers: { authorization: `Bearer ${held}` } })
  assert.equal(reply.status, 200, reply.text)
  assert.deepEqual(reply.json, { path: '/v1/1?a=b', subject: 'client_nightly' })
  assert.ok(!seen.some(authorization => authorization?.includes(held)))
})

test('scopes and public paths are as configured', async () => {
  const authorization = `Bearer ${await token()}`
  const refused = await exchange(`${gateway}/notes`, { method: 'POST', headers: { authorization } })
  assert.equal(refused.status, 403)
  assert.match(String(refused.headers['www-authenticate']), /scope="write:notes"/)
  assert.equal((await exchange(`${gateway}/notes`)).status, 401)
  assert.equal((await exchange(`${gateway}/notes/openapi.json`)).text, '{"openapi":"3.1.0"}')
  assert.equal((await exchange(`${gateway}/orders`)).status, 404)
})

test('a revoked token is refused at the own route in under a second (RFC 7009 §2)', async () => {
  const held = await token()
  const authorization = `Bearer ${held}`
  assert.equal((await exchange(`${gateway}/notes`, { headers: { authorization } })).status, 200)
  await exchange(`${issuer}/revoke`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`nightly:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token: held }),
  })
  const end = Date.now() + 1000
  let reply = await exchange(`${gateway}/notes`, { headers: { authorization } })
  while (reply.status === 200 && Date.now() < end)
    reply = await exchange(`${gateway}/notes`, { headers: { authorization } })
  assert.deepEqual([reply.status, reply.json.code], [401, 'token_revoked'])
})

test('nginx may ask on the configured port', async () => {
  const reply = await exchange(`http://127.0.0.1:${ports.decision}/decide`, {
    headers: {
      authorization: `Bearer ${await token()}`,
      'x-original-method': 'GET',
      'x-original-uri': '/notes/1',
      'x-original-address': '192.0.2.7',
    },
  })
  assert.equal(reply.status, 200)
  assert.match(String(reply.headers.authorization), /^Bearer ey/)
})

test('a route that is wrong stops the start and is named', async () => {
  writeFileSync(file, configuration(`${notes}${notes}`))
  const other = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
  const { code, stdout, stderr } = await launchSystem({
    home: join(folder, 'other'),
    ports: other,
    args: ['--config', file],
  }).ended
  assert.equal(code, 3)
  assert.match(stdout + stderr, /two routes have the prefix \/notes/)
})
