import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { exchange, type Reply } from '@sallyport/guard/testing/exchange'
import { type TestIssuer, testIssuer } from '@sallyport/guard/testing/issuer'
import { silentLog } from '@sallyport/server'
import type { GatewayOptions } from '../../options.ts'
import { createGateway, type Gateway } from '../gateway.ts'

export const outside = 'http://gateway.test/orders'
export const inside = 'http://orders.test'
export const page = 'https://shop.test'

/** A request as the service behind the gateway saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A gateway on a real socket, before a real service, with a test issuer. */
export interface Harness {
  readonly issuer: TestIssuer
  readonly origin: string
  readonly upstream: string
  readonly seen: Seen[]
  /** What the service answers until `reset`. */
  answerWith: (response: ServerResponse, request: IncomingMessage) => void
  /** One more gateway, with other options. */
  start(options: Partial<GatewayOptions>): Promise<[gateway: Gateway, origin: string, decisions: string]>
  get(path: string, headers?: readonly (readonly [string, string])[]): Promise<Reply>
  reset(): void
  close(): Promise<void>
}

const ok = (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')

export async function gatewayHarness(): Promise<Harness> {
  const issuer = await testIssuer()
  const seen: Seen[] = []
  const service = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, body })
    harness.answerWith(response, request)
  })
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const start: Harness['start'] = async options => {
    const openapi = { method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' } as const
    const made = createGateway({
      origin: 'http://gateway.test',
      hosts: ['127.0.0.1'],
      addresses: ['127.0.0.1'],
      port: 0,
      issuer: issuer.issuer,
      client: { clientId: 'gateway', key: issuer.clientKey },
      cors: { origins: [page] },
      log: silentLog,
      routes: [
        { prefix: '/orders', upstream: `${upstream}/orders`, resource: outside, audience: inside, public: [openapi] },
      ],
      ...options,
    })
    const { port, decisionPort } = await made.listen()
    return [made, `http://127.0.0.1:${port}`, `http://127.0.0.1:${decisionPort}`]
  }
  const [gateway, origin] = await start({})
  const harness: Harness = {
    issuer,
    origin,
    upstream,
    seen,
    answerWith: ok,
    start,
    get: (path, headers = []) => exchange(origin, path, headers),
    reset() {
      seen.length = 0
      harness.answerWith = ok
    },
    async close() {
      await gateway.close()
      service.closeAllConnections()
      await new Promise(resolve => service.close(resolve))
      await issuer.close()
    },
  }
  return harness
}

/** The code of a refusal. */
export function code(body: string): unknown {
  return JSON.parse(body).code
}

/** Sends bytes as they are and reads until the gateway closes or is silent. */
export function raw(at: string, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(Number(new URL(at).port), '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
  socket.setTimeout(1500, () => socket.destroy())
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => resolve(received))
  return promise
}
