/** A user's own page behind the browser back end, by configuration and commands alone, in a process of its own. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { guard } from '@sallyport/guard/node'
import { Browser } from './attacks/browser.ts'
import { sallyport } from './command-line.ts'
import { exchange } from './exchange.ts'
import { freePorts } from './free-ports.ts'
import { launchSystem } from './system.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-own-page-'))
const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
const issuer = `http://localhost:${ports.authority}`
const app = `http://localhost:${ports.app}`

const service = createServer(async (request, response) => {
  const passed = await protect('read:notes')(request, response)
  if (passed) response.end(JSON.stringify({ path: request.url, subject: passed.caller.subject }))
})
await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
const inside = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
const protect = guard({ issuer, resource: inside })

mkdirSync(join(folder, 'page'))
writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html><title>Notes</title><h1>Notes</h1>')
const file = join(folder, 'sallyport.yaml')
writeFileSync(
  file,
  `
demo: { enabled: false }
authority: { issuer: "${issuer}" }
app:
  origin: ${app}
  files: ${join(folder, 'page')}
  clientId: notes-page
  scopes: [profile, "read:notes"]
  resources: ["${inside}"]
  routes:
    - { prefix: /api/notes, upstream: "${inside}/v1", methods: [GET] }
`,
)
const home = join(folder, 'authority')
const authority = launchSystem({ home, ports, args: ['--config', file, '--only', 'authority'] })
await authority.ready
const started = [authority]
after(async () => {
  for (const { child, ended } of started.toReversed()) {
    child.kill('SIGTERM')
    await ended
  }
  protect.close()
  service.close()
  rmSync(folder, { recursive: true, force: true })
})

const bffHome = join(folder, 'bff')
mkdirSync(bffHome, { mode: 0o700 })
const key = join(bffHome, 'notes-page.key.json')
const password = 'correct horse battery staple'
const words = (line: string) => line.split(' ')
const run = (line: string, ...more: readonly string[]) => sallyport({ home }, ...words(line), ...more)

test('without its key the back end does not start, and says how one is made', async () => {
  const early = launchSystem({ home: bffHome, ports, args: ['--config', file, '--only', 'bff'] })
  const { code, stdout } = await early.ended
  assert.equal(code, 3)
  assert.match(stdout, /client_key_missing/)
  assert.match(stdout, /client add notes-page --auth private_key_jwt --save/)
})

test('client add --save makes a key that only its user reads, and never writes over one', async () => {
  await run(`resource add ${inside} --format jwt`, '--scope', 'read:notes=See your notes')
  const add = `client add notes-page --grant authorization_code --grant refresh_token --redirect ${app}/bff/callback`
  const rest = ['--logout-redirect', `${app}/`, '--scope', 'openid profile read:notes', '--dpop']
  const said = await run(`${add} --auth private_key_jwt --save`, ...rest)
  const made = join(home, 'notes-page.key.json')
  assert.match(said, /Its private key: .*notes-page\.key\.json/)
  assert.equal(statSync(made).mode & 0o777, 0o600)
  await assert.rejects(run(`${add} --auth private_key_jwt --save`, ...rest), /is there already/)
  renameSync(made, key)
})

test('a person signs in to the own page, which reaches the own service through its back end and nothing else', async () => {
  const secret = join(folder, 'password')
  writeFileSync(secret, password)
  await run(`user add erin --name Erin --password-file ${secret}`)
  const bff = launchSystem({ home: bffHome, ports, args: ['--config', file, '--only', 'bff'] })
  started.push(bff)
  const { addresses } = await bff.ready
  assert.equal(addresses['notes-page'], app)
  const erin = new Browser()
  await erin.signIn(`${app}/bff/login`, { username: 'erin', password })
  const ours = { headers: { 'sallyport-csrf': '1' } }
  assert.match((await erin.ask(`${app}/`)).text, /<h1>Notes/)
  const called = await erin.ask(`${app}/api/notes/1`, ours)
  assert.deepEqual([called.status, called.json.path], [200, '/v1/1'], called.text)
  assert.match(String(called.json.subject), /^user_/)
  assert.equal((await erin.ask(`${app}/api/other`, ours)).status, 404)
  assert.equal((await exchange(`${app}/api/notes/1`)).status, 403)
})
