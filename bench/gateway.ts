import { exportPrivateJwk } from '@sallyport/credentials'
import { testIssuer } from '../packages/guard/src/http/testing/test-issuer.ts'
import { compare } from './sides/compare.ts'
import { linesFile } from './sides/credentials-in-use.ts'
import type { GatewayAsked } from './sides/gateway.ts'
import { startNginx } from './sides/nginx.ts'
import { startOauth2Proxy } from './sides/oauth2-proxy.ts'
import { type PinnedServer, startBesideLoad, startPinned } from './sides/pinned-server.ts'
import type { Load } from './sides/wrk.ts'

const CONNECTIONS = 32
const BODY_BYTES = 1_000
const CALLERS = 100
const [outside, inside] = ['http://gateway.test/orders', 'http://orders.test']

interface Said {
  readonly origin: string
  /** Of a session, for the side that goes by one. */
  readonly cookie?: string
}

/**
 * How many requests for 1 kB of JSON a second the gateway passes on from one core, with opaque tokens that it swaps for
 * phantom tokens, beside oauth2-proxy that looks at a session, and nginx that passes on anything. The service behind all is
 * node:http with a constant, on the load's core.
 */
export default async function run(): Promise<object> {
  const issuer = await testIssuer()
  const service = await startBesideLoad<{ readonly issuer: string }>('constant.ts', [String(BODY_BYTES)])
  try {
    const upstream = service.said.issuer
    const asked: GatewayAsked = {
      issuer: issuer.issuer,
      key: exportPrivateJwk(issuer.clientKey),
      upstream,
      outside,
      inside,
    }
    const tokens = linesFile(Array.from({ length: CALLERS }, () => issuer.opaque({ aud: outside })))
    const load = ({ said }: PinnedServer<Said>, seconds: number): Load => ({
      url: `${said.origin}/orders`,
      connections: CONNECTIONS,
      seconds,
      ...(said.cookie === undefined
        ? { script: ['bearer.lua', tokens, 'Bearer', 'again'] as const }
        : { headers: [`Cookie: ${said.cookie}`] }),
    })
    const results = await compare<Said>([
      { name: 'gateway', start: () => startPinned('gateway.ts', [JSON.stringify(asked)]), load },
      { name: 'oauth2-proxy, session', start: () => startOauth2Proxy(upstream), load },
      { name: 'nginx, no check', start: () => startNginx(upstream), load },
    ])
    return { connections: CONNECTIONS, bodyBytes: BODY_BYTES, callers: CALLERS, results }
  } finally {
    await service.stop()
    await issuer.close()
  }
}
