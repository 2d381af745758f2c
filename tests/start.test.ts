import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { get, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { launchSystem, ownEnvironment, type RunningSystem, startSystem } from './system.ts'

const root = resolve(import.meta.dirname, '..')
const main = join(root, 'packages/sallyport/src/main.ts')
const parts = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const

let home: string
let system: RunningSystem

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-start-'))
  system = await startSystem({ home })
})

after(async () => {
  await system.stop()
  rmSync(home, { recursive: true, force: true })
})

/** The command line as a user runs it, against the system of this file. */
function sallyport(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise(settle => {
    execFile(process.execPath, [main, ...words, '--home', home], { env: ownEnvironment() }, (error, stdout, stderr) => {
      settle({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

const ask = (path: string, token?: string): Promise<Response> =>
  fetch(`${system.gateway}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

test('demo.json is what scripts rely on, and for its owner alone (DESIGN §5)', () => {
  const { demo } = system
  assert.deepEqual(
    demo.users.map(user => [user.username, user.roles]),
    [
      ['alice', ['customer']],
      ['bob', ['customer']],
      ['carol', ['support']],
    ],
  )
  const passwords = new Set(demo.users.map(user => user.password))
  assert.equal(passwords.size, 3)
  for (const password of passwords) assert.match(password, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)
  const byMethod = (method: string, grant: string) =>
    demo.clients.filter(client => client.token_endpoint_auth_method === method && client.grant_types.includes(grant))
  assert.ok(byMethod('none', 'authorization_code').length > 0, 'a public client for the code flow')
  assert.ok(byMethod('client_secret_basic', 'authorization_code').length > 0, 'a confidential one')
  const [machine] = byMethod('client_secret_basic', 'client_credentials')
  assert.equal(machine?.scope, 'read:orders')
  assert.match(machine?.client_secret ?? '', /^sp_cs_/)
  const [keyed] = byMethod('private_key_jwt', 'client_credentials')
  assert.equal(typeof keyed?.private_jwk?.d, 'string')
  assert.deepEqual(system.resources, { outside: `${demo.gateway}/orders`, inside: demo.orders_api })
  assert.equal(statSync(join(home, 'demo.json')).mode & 0o777, 0o600)
  assert.equal(statSync(home).mode & 0o777, 0o700)
})

test('no file of the data folder can be read by others', () => {
  for (const name of [
    'master.key',
    'authority.db',
    'bff.db',
    'audit.log',
    'cli.key.json',
    'sallyport.log',
    'running.json',
  ]) {
    assert.equal(statSync(join(home, name)).mode & 0o077, 0, name)
  }
})

test('the three curls of the first page answer 401, 200 and 404 (EXPERIENCE §2)', async () => {
  const refused = await ask('/orders')
  assert.equal(refused.status, 401)
  assert.match(refused.headers.get('www-authenticate') ?? '', /resource_metadata=/)
  const got = await sallyport('token', 'get', '--as', 'alice', '--scope', 'read:orders')
  assert.equal(got.code, 0, got.stderr)
  const token = got.stdout.trim()
  const hers = await ask('/orders', token)
  assert.equal(hers.status, 200)
  const { orders }: { orders: readonly { readonly id: string }[] } = JSON.parse(await hers.text())
  assert.deepEqual(orders.map(order => order.id).sort(), ['alice-1', 'alice-2'])
  const bobs = await ask('/orders/bob-1', token)
  assert.equal(bobs.status, 404)
  const explained = await sallyport('explain', bobs.headers.get('x-request-id') ?? '', '--json')
  const { decisions }: { decisions: readonly { readonly door: number; readonly reason?: string }[] } = JSON.parse(
    explained.stdout,
  )
  assert.ok(decisions.some(decision => decision.door === 2 && decision.reason === 'not_yours'))
})

test('a machine client gets a token by client_credentials, opaque for the gateway and a JWT for the service', async () => {
  const outside = await sallyport('token', 'get', '--as', 'nightly', '--json')
  assert.match(JSON.parse(outside.stdout).access_token, /^sp_at_/)
  const inside = await sallyport('token', 'get', '--as', 'reporter', '--resource', system.ordersApi)
  assert.match(inside.stdout, /^eyJ/)
  const direct = await fetch(`${system.ordersApi}/orders`, {
    headers: { authorization: `Bearer ${inside.stdout.trim()}` },
  })
  assert.equal(direct.status, 200)
  await direct.arrayBuffer()
})

test('a token that the command line revoked is refused by gateway and service', async () => {
  const token = (await sallyport('token', 'get', '--as', 'nightly', '--resource', system.ordersApi)).stdout.trim()
  const direct = () => fetch(`${system.ordersApi}/orders`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await direct()).status, 200)
  const revoked = await sallyport('token', 'revoke', token)
  assert.match(revoked.stdout, /^Revoked\./)
  await eventually(async () => (await direct()).status === 401, 'the service refuses it')
  await eventually(async () => (await ask('/orders', token)).status === 401, 'the gateway refuses it')
})

test('the gateway speaks TLS by a CA that is good for this machine alone (RFC 5280 §4.2.1.10)', async () => {
  const ca = readFileSync(join(home, 'tls', 'ca.pem'))
  const { port } = new URL(system.ready.addresses['gateway-tls'] ?? '')
  for (const host of ['localhost', '127.0.0.1', '::1']) assert.equal(await livez({ host, port, ca }), 200, host)
  await assert.rejects(livez({ host: 'localhost', port, ca, servername: 'example.com' }))
  await assert.rejects(livez({ host: 'localhost', port }), 'nobody else signed it')
  assert.equal(statSync(join(home, 'tls', 'ca.key.pem')).mode & 0o777, 0o600)
})

function livez(to: RequestOptions): Promise<number | undefined> {
  return new Promise((settle, fail) => {
    get({ ...to, path: '/livez', agent: false, headers: { host: `localhost:${to.port}` } }, answer => {
      answer.resume()
      settle(answer.statusCode)
    }).on('error', fail)
  })
}

test('client add --save makes the key of a private_key_jwt client in the data folder, for its owner alone, and token get proves with it (RFC 7523 §2.2)', async () => {
  const words = ['--auth', 'private_key_jwt', '--grant', 'client_credentials', '--scope', 'read:orders', '--save']
  const added = await sallyport('client', 'add', 'reports', ...words)
  assert.equal(added.code, 0, added.stderr)
  assert.equal(statSync(join(home, 'reports.key.json')).mode & 0o777, 0o600)
  const { code, stdout, stderr } = await sallyport('token', 'get', '--as', 'reports', '--resource', system.ordersApi)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^eyJ/)
  const again = await sallyport('client', 'add', 'reports', ...words)
  assert.match(again.stderr, /is there already/)
})

test('the log holds no token, secret, code or password', async () => {
  await sallyport('token', 'get', '--as', 'bob')
  const log = readFileSync(join(home, 'sallyport.log'), 'utf8')
  const { demo } = system
  for (const { password } of demo.users) assert.ok(!log.includes(password))
  for (const { client_secret: secret } of demo.clients) assert.ok(secret === undefined || !log.includes(secret))
  assert.doesNotMatch(log, /sp_(at|rt|ac|cs|ss)_[A-Za-z0-9]{20}/)
  assert.doesNotMatch(log, /eyJ[\w-]{20,}\.[\w-]{20,}/)
})

test('a second process on the same data folder is one clear error that names the first', async () => {
  const second = launchSystem({ home, ports: await freePorts(parts) })
  const { code, stdout } = await second.ended
  assert.equal(code, 1)
  const failure = JSON.parse(stdout)
  assert.equal(failure.error, 'home_in_use')
  assert.match(failure.got, new RegExp(`process ${system.child.pid}\\b`))
})

test('a taken port is one clear error that names the port, the process and the flag', async t => {
  const other = mkdtempSync(join(tmpdir(), 'sallyport-port-'))
  t.after(() => rmSync(other, { recursive: true, force: true }))
  const free = await freePorts(parts)
  const authority = Number(new URL(system.issuer).port)
  const { code, stdout } = await launchSystem({ home: other, ports: { ...free, authority } }).ended
  assert.equal(code, 1)
  const failure = JSON.parse(stdout)
  assert.equal(failure.error, 'port_taken')
  assert.match(failure.message, new RegExp(`\\b${authority}\\b`))
  assert.match(failure.hint, /--authority-port/)
  assert.match(failure.got, new RegExp(`process ${system.child.pid}\\b`))
})

test('a data folder that cannot be written is one clear error', async t => {
  const other = mkdtempSync(join(tmpdir(), 'sallyport-read-only-'))
  t.after(() => rmSync(other, { recursive: true, force: true }))
  // Root may write anywhere; a file in the folder's place stops everyone.
  const asRoot = process.getuid?.() === 0
  const folder = asRoot ? join(main, 'home') : other
  if (!asRoot) chmodSync(other, 0o500)
  const { code, stdout, stderr } = await launchSystem({ home: folder, ports: await freePorts(parts) }).ended
  assert.equal(code, 3)
  assert.equal(JSON.parse(stdout).error, 'home_not_writable', stderr)
})

test('kill -9 and a start again lose nothing that was acknowledged, and find data, passwords and ports', async () => {
  const added = await sallyport(
    'client',
    'add',
    'kept',
    '--grant',
    'client_credentials',
    '--scope',
    'read:orders',
    '--json',
  )
  const { client_secret: secret } = JSON.parse(added.stdout)
  const before = readFileSync(join(home, 'demo.json'), 'utf8')
  const ports = Object.fromEntries(
    Object.entries({
      authority: 'authority',
      gateway: 'gateway',
      gatewayTls: 'gateway-tls',
      app: 'shop',
      ordersApi: 'orders-api',
    }).map(([name, part]) => [name, Number(new URL(system.ready.addresses[part] ?? '').port)]),
  )
  system.child.kill('SIGKILL')
  await system.ended
  const { authority = 0, gateway = 0, gatewayTls = 0, app = 0, ordersApi = 0 } = ports
  await gone(`http://localhost:${ordersApi}/livez`)
  system = await startSystem({ home, ports: { authority, gateway, gatewayTls, app, ordersApi } })
  assert.equal(readFileSync(join(home, 'demo.json'), 'utf8'), before)
  const answer = await fetch(`${system.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`kept:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
  const verified = await sallyport('audit', 'verify')
  assert.equal(verified.code, 0, verified.stderr)
})

test('a missing master key with data there is one clear error, never a new key', async t => {
  const other = mkdtempSync(join(tmpdir(), 'sallyport-key-'))
  t.after(() => rmSync(other, { recursive: true, force: true }))
  const ports = await freePorts(parts)
  await (await startSystem({ home: other, ports })).stop()
  rmSync(join(other, 'master.key'))
  const { code, stdout } = await launchSystem({ home: other, ports }).ended
  assert.equal(code, 3)
  assert.equal(JSON.parse(stdout).error, 'store_missing_key')
  assert.throws(() => statSync(join(other, 'master.key')))
})

test('SIGTERM ends everything in order: exit 0, and no child is left', async t => {
  const other = mkdtempSync(join(tmpdir(), 'sallyport-end-'))
  t.after(() => rmSync(other, { recursive: true, force: true }))
  const short = await startSystem({ home: other })
  const { code, signal } = await short.stop()
  assert.deepEqual([code, signal], [0, null])
  await gone(`${short.ordersApi}/livez`)
})

test('it goes on when who read its output has gone (npm start | head)', async t => {
  const other = mkdtempSync(join(tmpdir(), 'sallyport-piped-'))
  t.after(() => rmSync(other, { recursive: true, force: true }))
  const ports = await freePorts(parts)
  const launched = launchSystem({ home: other, ports })
  launched.child.stdout?.destroy()
  const readyz = `http://localhost:${ports.authority}/readyz`
  const listens = () =>
    fetch(`http://localhost:${ports.app}/livez`).then(
      answer => answer.ok,
      () => false,
    )
  await eventually(listens, 'the last part listens')
  assert.equal((await fetch(readyz)).status, 200)
  launched.child.kill('SIGTERM')
  const { code } = await launched.ended
  assert.equal(code, 0)
})

/** Waits until nothing answers at an address any more. */
const gone = (url: string): Promise<void> =>
  eventually(
    () =>
      fetch(url).then(
        async answer => !(await answer.arrayBuffer()),
        () => true,
      ),
    `nothing answers at ${url}`,
  )
