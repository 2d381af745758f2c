import type { SigningKey } from '@sallyport/credentials'
import { createGateway, type Gateway } from '@sallyport/gateway'
import type { PartTracer } from '@sallyport/guard'
import type { Log } from '@sallyport/server'
import type { Settings } from '../configuration/load.ts'
import { type Addresses, demoResources, type Ports } from '../demo/addresses.ts'
import type { LocalCertificate } from '../local-ca/certificate.ts'

/** The edge before the orders API, plain and with TLS. */
export function composeGateway(options: {
  readonly addresses: Addresses
  readonly ports: Ports
  readonly settings: Settings
  readonly clientKey: SigningKey
  readonly tls: LocalCertificate
  readonly log: Log
  readonly tracer?: PartTracer
}): Gateway {
  const { addresses, ports, settings, clientKey, tls, log, tracer } = options
  const { outside, inside } = demoResources(addresses)
  const { corsOrigins, requestsPerMinute } = settings.gateway
  return createGateway({
    origin: addresses.gateway,
    port: ports.gateway,
    portFlag: '--gateway-port',
    secure: { origin: addresses.gatewayTls, port: ports.gatewayTls, portFlag: '--gateway-tls-port', tls: { ...tls } },
    addresses: settings.authority.addresses,
    hosts: ['127.0.0.1', '[::1]'],
    trustProxy: settings.authority.trustedProxies,
    issuer: addresses.issuer,
    client: { clientId: 'gateway', key: clientKey },
    cors: { origins: [addresses.app, ...corsOrigins] },
    rateLimits: { perCaller: { requests: requestsPerMinute, seconds: 60 } },
    routes: [
      {
        prefix: '/orders',
        upstream: `${addresses.ordersApi}/orders`,
        resource: outside,
        audience: inside,
        advertises: { GET: 'read:orders', '*': 'write:orders' },
        public: [{ method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' }],
      },
    ],
    log,
    ...(tracer === undefined ? {} : { tracer }),
  })
}
