import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createGuardedFetch, FetchRefused, type GuardedFetchOptions } from './guarded-fetch.ts'

async function serve(t: TestContext, handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function fetcher(t: TestContext, options: GuardedFetchOptions = {}) {
  const guarded = createGuardedFetch({ timeoutMs: 20_000, ...options })
  t.after(() => guarded.close())
  return guarded
}

async function refusal(answer: Promise<Response>): Promise<FetchRefused> {
  const error: unknown = await answer.then(
    () => assert.fail('it was fetched'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof FetchRefused, String(error))
  return error
}

test('S72 an inside address is refused after the name is resolved, and the refusal names the host', async t => {
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
  ]) {
    const guarded = fetcher(t, {
      resolve: async () => [
        { address: '1.1.1.1', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ],
    })
    const refused = await refusal(guarded('https://keycloak.example:8443/jwks'))
    assert.equal(refused.refused, 'address_refused', address)
    assert.equal(refused.host, 'keycloak.example')
    assert.match(refused.message, /Name keycloak\.example among the allowed hosts/)
  }
})

test('S72 a host that the operator opened by name is reached, http included, and no other port of it when one is named', async t => {
  const port = await serve(t, (_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"keys":[]}'),
  )
  const other = await serve(t, (_request, response) => response.end('secret'))
  const guarded = fetcher(t, { allowedHosts: [`localhost:${port}`] })
  const answer = await guarded(`http://localhost:${port}/jwks`)
  assert.equal(answer.headers.get('content-type'), 'application/json')
  assert.deepEqual(await answer.json(), { keys: [] })
  assert.equal((await refusal(guarded(`http://localhost:${other}/`))).refused, 'scheme_refused')
  assert.equal((await refusal(guarded(`https://localhost:${other}/`))).refused, 'address_refused')
})

test('a literal inside address is refused in every spelling', async t => {
  const guarded = fetcher(t)
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '017700000001',
    '[::1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '169.254.169.254',
    '0',
  ]) {
    assert.equal((await refusal(guarded(`https://${host}/`))).refused, 'address_refused', host)
  }
})

test('the name is resolved once, and what was judged is what is connected to (DNS rebinding)', async t => {
  let times = 0
  const guarded = fetcher(t, {
    timeoutMs: 20_000,
    resolve: async () => {
      times += 1
      return [{ address: times === 1 ? '192.0.0.255' : '127.0.0.1', family: 4 }]
    },
  })
  assert.equal((await refusal(guarded('https://rebind.example/'))).got, 'the inside address 192.0.0.255')
  assert.equal(times, 1)
})

test('http, malformed addresses and credentials are refused before anything is resolved', async t => {
  const guarded = fetcher(t, { resolve: async () => assert.fail('resolved') })
  assert.equal((await refusal(guarded('http://a.example/'))).refused, 'scheme_refused')
  assert.equal((await refusal(guarded('file:///etc/passwd'))).refused, 'scheme_refused')
  assert.equal((await refusal(guarded('not an address'))).refused, 'url_malformed')
  assert.equal((await refusal(guarded('https://user:pass@a.example/'))).refused, 'url_malformed')
})

test('a redirect is refused, not followed', async t => {
  const port = await serve(t, (_request, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  )
  const refused = await refusal(fetcher(t, { allowedHosts: ['localhost'] })(`http://localhost:${port}/`))
  assert.equal(refused.refused, 'redirect_refused')
})

test('an answer over the size is cut off, with and without a length', async t => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/told') response.setHeader('content-length', 5000)
    response.end('x'.repeat(5000))
  })
  const guarded = fetcher(t, { allowedHosts: ['localhost'], maxBytes: 4999 })
  for (const path of ['/told', '/untold'])
    assert.equal((await refusal(guarded(`http://localhost:${port}${path}`))).refused, 'answer_too_large')
  assert.equal(
    (await (await fetcher(t, { allowedHosts: ['localhost'], maxBytes: 5000 })(`http://localhost:${port}/`)).text())
      .length,
    5000,
  )
})

test('an answer that comes too slowly is given up, whether its head or its body dawdles', async t => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/body') response.write('{')
  })
  const guarded = fetcher(t, { allowedHosts: ['localhost'], timeoutMs: 200 })
  for (const path of ['/head', '/body'])
    assert.equal((await refusal(guarded(`http://localhost:${port}${path}`))).refused, 'too_slow')
})

test('a server that is down is named', async t => {
  const refused = await refusal(fetcher(t, { allowedHosts: ['localhost'] })('http://localhost:1/'))
  assert.deepEqual([refused.refused, refused.host], ['unreachable', 'localhost:1'])
})

test('an error status is an answer, and a body is sent', async t => {
  const port = await serve(t, async (request, response) => {
    request.setEncoding('utf8')
    let body = ''
    for await (const chunk of request) body += String(chunk)
    response.writeHead(400).end(`${request.method} ${body}`)
  })
  const answer = await fetcher(t, { allowedHosts: ['localhost'] })(`http://localhost:${port}/`, {
    method: 'POST',
    body: 'a=1',
  })
  assert.deepEqual([answer.status, await answer.text()], [400, 'POST a=1'])
})
