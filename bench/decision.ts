import { exportPrivateJwk } from '@sallyport/credentials'
import { testIssuer } from '../packages/guard/src/http/testing/test-issuer.ts'
import { compare } from './sides/compare.ts'
import { linesFile } from './sides/credentials-in-use.ts'
import type { GatewayAsked, GatewaySaid } from './sides/gateway.ts'
import { type NginxSaid, startNginx } from './sides/nginx.ts'
import { type PinnedServer, startBesideLoad, startPinned } from './sides/pinned-server.ts'

const CONNECTIONS = 32
const BODY_BYTES = 1_000
const CALLERS = 100
const [outside, inside] = ['http://gateway.test/orders', 'http://orders.test']

/**
 * How many verdicts a second the decision service gives from one core, beside node:http that answers a constant; and how
 * many requests nginx passes on with a verdict for each, both on one core, beside nginx that asks nobody.
 */
export default async function run(): Promise<object> {
  const issuer = await testIssuer()
  const service = await startBesideLoad<{ readonly issuer: string }>('constant.ts', [String(BODY_BYTES)])
  const upstream = service.said.issuer
  const asked: GatewayAsked = {
    issuer: issuer.issuer,
    key: exportPrivateJwk(issuer.clientKey),
    upstream,
    outside,
    inside,
  }
  const tokens = linesFile(Array.from({ length: CALLERS }, () => issuer.opaque({ aud: outside })))
  const startGateway = () => startPinned<GatewaySaid>('gateway.ts', [JSON.stringify(asked)])
  try {
    const question = (url: string, seconds: number) => ({
      url,
      connections: CONNECTIONS,
      seconds,
      script: ['question.lua', tokens] as const,
    })
    const verdicts = await compare<{ readonly decisions?: string; readonly issuer?: string }>([
      {
        name: 'decision service',
        start: startGateway,
        load: ({ said }, seconds) => question(`${said.decisions}/decide`, seconds),
      },
      {
        name: 'node:http, a constant',
        start: () => startPinned('constant.ts', ['100']),
        load: ({ said }, seconds) => question(`${said.issuer}/decide`, seconds),
      },
    ])
    const load = ({ said }: PinnedServer<NginxSaid>, seconds: number) => ({
      url: `${said.origin}/orders`,
      connections: CONNECTIONS,
      seconds,
      script: ['bearer.lua', tokens, 'Bearer', 'again'] as const,
    })
    const proxied = await compare<NginxSaid>([
      { name: 'nginx, asking for each', start: () => startAsking(startGateway, upstream), load },
      { name: 'nginx, no check', start: () => startNginx(upstream), load },
    ])
    return { connections: CONNECTIONS, bodyBytes: BODY_BYTES, callers: CALLERS, verdicts, proxied }
  } finally {
    await service.stop()
    await issuer.close()
  }
}

/** nginx and the decision service that it asks, on one core and counted together. */
async function startAsking(
  startGateway: () => Promise<PinnedServer<GatewaySaid>>,
  upstream: string,
): Promise<PinnedServer<NginxSaid>> {
  const gateway = await startGateway()
  const nginx = await startNginx(upstream, gateway.said.decisions)
  return {
    ...nginx,
    processorSeconds: () => nginx.processorSeconds() + gateway.processorSeconds(),
    stop: async () => {
      await nginx.stop()
      await gateway.stop()
    },
  }
}
