/** Our gateway alone, before a service that is told: issuer, the gateway's key, the service's address; nginx may ask it too. */
import { importPrivateJwk, isRefusal, type PrivateJwk } from '@sallyport/credentials'
import { createGateway } from '@sallyport/gateway'

/** What the gateway side is told. */
export interface GatewayAsked {
  readonly issuer: string
  readonly key: PrivateJwk
  readonly upstream: string
  /** The identifiers that tokens are for before and behind the gateway. */
  readonly outside: string
  readonly inside: string
}

export interface GatewaySaid {
  readonly origin: string
  /** Where nginx asks. */
  readonly decisions: string
}

await serve(JSON.parse(process.argv[2] ?? '{}'))

async function serve({ issuer, key, upstream, outside, inside }: GatewayAsked): Promise<void> {
  const clientKey = importPrivateJwk(key, 'ES256')
  if (isRefusal(clientKey)) throw new Error(`the gateway's key: ${clientKey.refused}`)
  const unlimited = { requests: 1_000_000_000, seconds: 60 }
  const gateway = createGateway({
    origin: 'http://gateway.test',
    hosts: ['127.0.0.1'],
    addresses: ['127.0.0.1'],
    port: 0,
    issuer,
    client: { clientId: 'gateway', key: clientKey },
    rateLimits: { perCaller: unlimited, perAddress: unlimited },
    routes: [{ prefix: '/orders', upstream, resource: outside, audience: inside }],
    decisions: {
      proxy: 'nginx',
      from: { by: 'address', addresses: ['127.0.0.1'] },
      origin: 'http://gateway.test',
      port: 0,
    },
  })
  const { port, decisionPort } = await gateway.listen()
  const said: GatewaySaid = { origin: `http://127.0.0.1:${port}`, decisions: `http://127.0.0.1:${decisionPort}` }
  process.stdout.write(`${JSON.stringify(said)}\n`)
  process.once('SIGTERM', () => process.exit(0))
}
