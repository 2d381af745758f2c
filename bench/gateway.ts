import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportPrivateJwk } from '@sallyport/credentials'
import { testIssuer } from '../packages/guard/src/http/testing/test-issuer.ts'
import { freePorts } from '../tests/free-ports.ts'
import { compare } from './sides/compare.ts'
import { linesFile } from './sides/credentials-in-use.ts'
import type { GatewayAsked } from './sides/gateway.ts'
import { untilOpen } from './sides/open-port.ts'
import { type PinnedServer, startBesideLoad, startPinned, startProgram } from './sides/pinned-server.ts'
import { isThere } from './sides/wrk.ts'

const CONNECTIONS = 32
const BODY_BYTES = 1_000
const CALLERS = 100
const [outside, inside] = ['http://gateway.test/orders', 'http://orders.test']

interface Said {
  readonly origin: string
}

/**
 * How many requests for 1 kB of JSON a second the gateway passes on from one core, with opaque tokens that it swaps for
 * phantom tokens, beside nginx that passes on anything. The service behind both is node:http with a constant, on the
 * load's core.
 */
export default async function run(): Promise<object> {
  if (!isThere('nginx')) throw new Error('nginx is missing: apt-get install nginx')
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
    const load = ({ said }: PinnedServer<Said>, seconds: number) => ({
      url: `${said.origin}/orders`,
      connections: CONNECTIONS,
      seconds,
      script: ['bearer.lua', tokens, 'Bearer', 'again'] as const,
    })
    const results = await compare<Said>([
      { name: 'gateway', start: () => startPinned('gateway.ts', [JSON.stringify(asked)]), load },
      { name: 'nginx, no check', start: () => startNginx(upstream), load },
    ])
    return { connections: CONNECTIONS, bodyBytes: BODY_BYTES, callers: CALLERS, results }
  } finally {
    await service.stop()
    await issuer.close()
  }
}

async function startNginx(upstream: string): Promise<PinnedServer<Said>> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const { port } = await freePorts(['port'])
  const file = join(folder, 'nginx.conf')
  const text = `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 1024; }
    http {
      access_log off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
      uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      upstream service { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000; }
      server {
        listen 127.0.0.1:${port}; keepalive_requests 1000000;
        location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`
  writeFileSync(file, text)
  const said: Said = { origin: `http://127.0.0.1:${port}` }
  const server = await startProgram<Said>([
    'sh',
    '-c',
    // nginx itself says nothing when it serves.
    'echo "$0"; exec nginx -c "$1" -e stderr',
    JSON.stringify(said),
    file,
  ])
  await untilOpen(port)
  return server
}
