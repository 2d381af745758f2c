import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startIssuer } from './testing/issuer.ts'

const home = mkdtempSync(join(tmpdir(), 'orders-'))
const port = await freePort()
const resource = `http://localhost:${port}`
const issuer = await startIssuer(resource)
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  issuer.close()
  rmSync(home, { recursive: true })
})

const usual = ['--issuer', issuer.issuer, '--resource', resource, '--no-feed']
const files = ['--database', join(home, 'orders.db'), '--decision-log', join(home, 'decisions.ndjson')]
const demo = ['--demo-owner', 'alice=user_alice', '--demo-owner', 'bob=user_bob']

/** The service as a process of its own, with nothing in its environment. */
function launch(args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env: {} })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString()
  })
  return { child, said, ended: once(child, 'close') }
}

async function ready(args: readonly string[]) {
  const service = launch(args)
  await once(service.child.stdout, 'data')
  assert.equal(service.said.out, `orders-api ready at ${resource}\n`)
  return service
}

async function placeOrder(): Promise<string> {
  const headers = { ...(await issuer.bearer()), 'content-type': 'application/json' }
  const body = JSON.stringify({ item: 'Lamp', quantity: 1, unit_price_cents: 100 })
  const response = await fetch(`${resource}/orders`, { method: 'POST', headers, body })
  assert.equal(response.status, 201)
  const { id }: { id: string } = await response.json()
  return id
}

test('the service says one line when it is ready, answers on both loopback addresses, and keeps its word over kill -9', async () => {
  const first = await ready([...usual, ...files, ...demo])
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
    assert.equal((await fetch(`http://${host}:${port}/readyz`)).status, 200, host)
  }
  const document: { openapi: string } = await (await fetch(`${resource}/openapi.json`)).json()
  assert.equal(document.openapi, '3.1.1')
  const id = await placeOrder()
  first.child.kill('SIGKILL')
  await first.ended

  const second = await ready([...usual, ...files, ...demo])
  const found = await fetch(`${resource}/orders/${id}`, { headers: await issuer.bearer() })
  assert.equal(found.status, 200)
  const list: { orders: { id: string }[] } = await (
    await fetch(`${resource}/orders`, { headers: await issuer.bearer() })
  ).json()
  assert.deepEqual(list.orders.map(order => order.id).sort(), ['alice-1', 'alice-2', id].sort())
  second.child.kill('SIGTERM')
  assert.deepEqual(await second.ended, [0, null])
  const decisions = readFileSync(join(home, 'decisions.ndjson'), 'utf8').trim().split('\n')
  assert.deepEqual(
    decisions.map(line => JSON.parse(line)).map(({ action, outcome }) => `${action} ${outcome}`),
    ['create allow', 'read allow', 'list allow'],
  )
})

test('a request that names its host twice, in its target, or in no version that has one is refused (RFC 9112 §3.2)', async () => {
  const service = await ready([...usual, ...files])
  const hostLine = `Host: localhost:${port}`
  for (const head of [
    `GET /openapi.json HTTP/1.1\r\n${hostLine}\r\n${hostLine}`,
    `GET /openapi.json HTTP/1.1\r\n${hostLine}\r\nHost: evil.example`,
    `GET http://evil.example/openapi.json HTTP/1.1\r\n${hostLine}`,
    `GET /openapi.json\r\n${hostLine}`,
  ]) {
    assert.match(await firstLine(`${head}\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 400 /, head)
  }
  service.child.kill('SIGTERM')
  await service.ended
})

test('what is no HTTP at all is answered with a problem, on both addresses (RFC 9457, RFC 9112 §11.2)', async () => {
  const service = await ready([...usual, ...files])
  for (const host of ['127.0.0.1', '::1']) {
    const answer = await firstLine('GET /orders?=\xc3\xa9 HTTP/1.1\r\nHost: x\0\r\n\r\n', host)
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*no-store[\s\S]*"code":"malformed"/)
  }
  service.child.kill('SIGTERM')
  await service.ended
})

test('it ends with its parent: when standard input closes', async () => {
  const service = await ready([...usual, ...files, '--end-with-stdin'])
  service.child.stdin.end()
  assert.deepEqual(await service.ended, [0, null])
})

test('a taken port is one clear error that names the flag', async () => {
  const taken = createServer().listen(port, '127.0.0.1')
  await once(taken, 'listening')
  const service = launch([...usual, ...files])
  assert.equal((await service.ended)[0], 1)
  taken.close()
  assert.match(service.said.err, new RegExp(`orders-api: .*${port}.*--port\\.\n$`))
})

test('wrong arguments, an unreadable policy and a folder that is none are one clear error each', async () => {
  const wrong: [readonly string[], RegExp][] = [
    [[], /--resource is missing[\s\S]*Usage/],
    [[...usual, ...files, '--isuer', 'x'], /--isuer[\s\S]*Usage/],
    [[...usual, ...files, '--port', '99999'], /--port is a number/],
    [[...usual, ...files, '--demo-owner', 'alice'], /name=subject/],
    [[...usual, ...files, '--policy', '/nowhere'], /\/nowhere/],
    [[...usual, ...files, '--opa', 'http://opa.example'], /use unix:/],
    [[...usual, '--database', '/nowhere/orders.db'], /\/nowhere\/orders\.db/],
  ]
  for (const [args, message] of wrong) {
    const service = launch(args)
    assert.equal((await service.ended)[0], 1, args.join(' '))
    assert.match(service.said.err, message)
    assert.doesNotMatch(service.said.err, /\n {4}at /)
  }
})

async function firstLine(bytes: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host).setEncoding('latin1')
  socket.write(bytes)
  const [answer] = await once(socket, 'data')
  socket.destroy()
  return String(answer)
}

/** Below what systems give to outgoing connections (Linux: 32,768), one of which would else take it while a service is down. */
async function freePort(): Promise<number> {
  const [lowest, count] = [11_000, 1_000]
  for (let next = 0; next < count; next += 1) {
    const candidate = lowest + ((process.pid + next) % count)
    if ((await isFree(candidate, '127.0.0.1')) && (await isFree(candidate, '::1'))) return candidate
  }
  return assert.fail('no port is free')
}

async function isFree(candidate: number, host: string): Promise<boolean> {
  const server = createServer().listen({ port: candidate, host, ipv6Only: host === '::1' })
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
