import type { SigningKey } from '@sallyport/credentials'
import { createGateway, type Gateway } from '@sallyport/gateway'
import type { PartTracer } from '@sallyport/guard'
import type { Log } from '@sallyport/server'
import type { ShortLived } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import type { Addresses, Ports } from '../demo/addresses.ts'
import type { LocalCertificate } from '../local-ca/certificate.ts'
import { decisionOptions, gatewayRoutes } from './gateway-routes.ts'
import { sharedLimiters } from './short-lived.ts'

/** Apart from the authority's own: a proof is for one address, and its hash covers it. */
const gatewayClaims = 'gateway'

/** The edge before the orders API of the demo and the operator's own services, plain and with TLS. */
export function composeGateway(options: {
  readonly addresses: Addresses
  readonly ports: Ports
  readonly settings: Settings
  readonly clientKey: SigningKey
  readonly tls: LocalCertificate
  /** Where used proofs are remembered for all gateways; without it each remembers its own. */
  readonly shortLived: ShortLived | undefined
  /** Where proofs must carry nonces: the key of these, alike at all gateways. */
  readonly nonceSecret?: Uint8Array | undefined
  readonly log: Log
  readonly tracer?: PartTracer
}): Gateway {
  const { addresses, ports, settings, clientKey, tls, shortLived, log, tracer } = options
  const decisions = decisionOptions(settings, addresses)
  const { corsOrigins, refusedPerMinute, requestsPerMinute } = settings.gateway
  return createGateway({
    origin: addresses.gateway,
    port: ports.gateway,
    portFlag: '--gateway-port',
    secure: { origin: addresses.gatewayTls, port: ports.gatewayTls, portFlag: '--gateway-tls-port', tls: { ...tls } },
    addresses: settings.authority.addresses,
    hosts: ['127.0.0.1', '[::1]'],
    trustProxy: settings.authority.trustedProxies,
    listenerLimits: { drainMs: settings.process.drainSeconds * 1000 },
    issuer: addresses.issuer,
    client: { clientId: 'gateway', key: clientKey },
    cors: { origins: settings.demo.enabled ? [addresses.app, ...corsOrigins] : corsOrigins },
    rateLimits: {
      perCaller: { requests: requestsPerMinute, seconds: 60 },
      perAddress: { requests: refusedPerMinute, seconds: 60 },
    },
    routes: gatewayRoutes(settings, addresses),
    ...(decisions === undefined ? {} : { decisions }),
    ...(shortLived === undefined ? {} : { replay: replayMemory(shortLived) }),
    ...sharedLimiters(shortLived, 'gateway', settings),
    ...(options.nonceSecret === undefined ? {} : { nonceSecret: options.nonceSecret }),
    log,
    ...(tracer === undefined ? {} : { tracer }),
  })
}

/** Closed in doubt: while Redis is away a claim rejects, and the guard refuses with 503. */
const replayMemory = ({ claims }: ShortLived) => ({
  claim: (hash: string, expiresAt: number) => claims.claim(gatewayClaims, 'proof', hash, Math.ceil(expiresAt)),
})
