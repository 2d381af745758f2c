/**
 * One door of its own process: a guarded API on node:http as in examples/your-api, or a gateway before a service. Its one
 * argument is a `DoorAsked` as JSON; it prints where it is, then a line for each alarm of its revocation feed.
 */
import { createServer } from 'node:http'
import { importPrivateJwk, isRefusal, type PrivateJwk } from '@sallyport/credentials'
import { createGateway } from '@sallyport/gateway'
import { guard } from '@sallyport/guard/node'
import type { Log } from '@sallyport/server'

export interface DoorAsked {
  readonly door: 'guard' | 'gateway'
  readonly port: number
  readonly issuer: string
  /** Of the client that may introspect and exchange tokens of both resources. */
  readonly clientId: string
  readonly key: PrivateJwk
  /** Of opaque tokens, and of JWTs. */
  readonly outside: string
  readonly inside: string
  /** The service behind a gateway. */
  readonly upstream: string
}

async function open(asked: DoorAsked): Promise<void> {
  // Whoever started it has gone, however that ended.
  process.stdin.once('end', () => process.exit(0)).resume()
  process.once('SIGTERM', () => process.exit(0))
  await (asked.door === 'guard' ? openGuard(asked) : openGateway(asked))
  process.stdout.write('{"serves":true}\n')
}

const tell = (event: string) => {
  if (event.startsWith('revocations_')) process.stdout.write(`${JSON.stringify({ event })}\n`)
}
const log: Log = { debug: tell, info: tell, warn: tell, error: tell, child: () => log }

async function openGuard({ port, issuer, clientId, key, outside, inside }: DoorAsked): Promise<void> {
  const client = { clientId, key }
  const protect = guard({ issuer, resource: inside, alsoAccept: [outside], client, log })
  const list = protect('read:orders')
  const server = createServer(async (request, response) => {
    if (await list(request, response)) response.end('[]')
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
}

async function openGateway({ port, issuer, clientId, key, outside, inside, upstream }: DoorAsked): Promise<void> {
  const clientKey = importPrivateJwk(key, 'ES256')
  if (isRefusal(clientKey)) throw new Error(`the gateway's key: ${clientKey.refused}`)
  const unlimited = { requests: 1_000_000_000, seconds: 60 }
  const gateway = createGateway({
    origin: `http://127.0.0.1:${port}`,
    addresses: ['127.0.0.1'],
    port,
    issuer,
    client: { clientId, key: clientKey },
    rateLimits: { perCaller: unlimited, perAddress: unlimited },
    routes: [{ prefix: '/orders', upstream, resource: outside, audience: inside }],
    log,
  })
  await gateway.listen()
}

await open(JSON.parse(process.argv[2] ?? ''))
