import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { testIssuer } from '@sallyport/guard/testing/issuer'
import fc from 'fast-check'
import { Agent } from 'undici'
import { createGateway } from './gateway.ts'

const runs = 2_000
let origin: string
let token: string
let end: () => Promise<void>
const agent = new Agent()
const reached: string[] = []

before(async () => {
  const issuer = await testIssuer()
  const service = createServer((request, response) => {
    reached.push(request.url ?? '')
    request.resume().on('end', () => response.writeHead(200).end('{}'))
  })
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}/orders`
  const plenty = { requests: 1_000_000, seconds: 1 }
  const gateway = createGateway({
    origin: 'http://gateway.test',
    hosts: ['127.0.0.1'],
    addresses: ['127.0.0.1'],
    port: 0,
    issuer: issuer.issuer,
    client: { clientId: 'gateway', key: issuer.clientKey },
    rateLimits: { perCaller: plenty, perAddress: plenty },
    routes: [{ prefix: '/orders', upstream, resource: 'http://gateway.test/orders', audience: 'http://orders.test' }],
  })
  const { port } = await gateway.listen()
  origin = `http://127.0.0.1:${port}`
  token = issuer.opaque({ aud: 'http://gateway.test/orders' })
  end = async () => {
    await agent.close()
    await gateway.close()
    service.closeAllConnections()
    await new Promise(resolve => service.close(resolve))
    await issuer.close()
  }
})
after(() => end())

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)),
  maxLength: 30,
})
const piece = fc.constantFrom(
  'orders',
  '..',
  '.',
  '%2e',
  '%2f',
  '%5c',
  '%00',
  '%25',
  ';',
  '//',
  'a',
  '%C3%BC',
  '%c0%af',
  'api',
)
const path = fc.oneof(
  visible.map(text => `/${text}`),
  fc.array(piece, { maxLength: 6 }).map(pieces => `/orders/${pieces.join('/')}`),
)
const headerName = fc.constantFrom(
  'authorization',
  'dpop',
  'x-forwarded-for',
  'origin',
  'cookie',
  'accept',
  'x-a',
  'forwarded',
  'te',
)
const headers = fc.array(fc.tuple(headerName, visible), { maxLength: 5 })
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')

test(`${runs} arbitrary requests are answered, never with a 5xx, a stack or a path outside the route`, async () => {
  await fc.assert(
    fc.asyncProperty(method, path, headers, fc.boolean(), fc.string(), async (verb, target, sent, honest, text) => {
      const authorization = honest ? ['authorization', `Bearer ${token}`] : []
      const flat = [...sent.filter(([name]) => !honest || name !== 'authorization').flat(), ...authorization]
      const body = ['POST', 'PUT', 'PATCH', 'DELETE'].includes(verb) ? text : null
      const answer = await agent.request({ origin, path: target, method: verb, headers: flat, body })
      const said = await answer.body.text()
      assert.ok(answer.statusCode < 500, `${answer.statusCode} ${said}`)
      assert.doesNotMatch(said, /\.ts:\d|node:internal|at .+\(/)
    }),
    { numRuns: runs },
  )
  assert.ok(reached.length > 0)
  assert.deepEqual(
    reached.filter(url => !/^\/orders(?:$|[/?])/.test(url)),
    [],
  )
})
