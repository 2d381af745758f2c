import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ports } from '../../packages/sallyport/src/demo/addresses.ts'
import { type OwnProcess, ownProcess } from '../own-process.ts'

export type ProxyName = 'nginx' | 'envoy'

const deploy = join(import.meta.dirname, '../../deploy')
const envoyProgram = process.env.SALLYPORT_ENVOY ?? 'envoy'

/** Where the proxy listens, with which certificate, and what it stands before. */
export interface Edge {
  readonly tls: string
  readonly edge: Readonly<Record<'authority' | 'gateway' | 'bff', number>>
  readonly places: readonly { readonly part: 'seed' | 'authority' | 'gateway'; readonly ports: Ports }[]
}

/** The proxy with its configuration of `deploy/`, with no more than names, ports and certificate changed. */
export function startProxy(proxy: ProxyName, folder: string, at: Edge): OwnProcess {
  const home = join(folder, proxy)
  mkdirSync(home)
  if (proxy === 'nginx') {
    const file = join(home, 'nginx.conf')
    writeFileSync(join(home, 'sallyport.conf'), nginxConfiguration(at))
    writeFileSync(
      file,
      `daemon off; pid ${home}/pid; error_log stderr error; events {}
       http { access_log off; client_body_temp_path ${home}; proxy_temp_path ${home}; fastcgi_temp_path ${home};
       uwsgi_temp_path ${home}; scgi_temp_path ${home}; include ${home}/sallyport.conf; }`,
    )
    return ownProcess('/usr/sbin/nginx', ['-p', home, '-e', 'stderr', '-c', file])
  }
  const file = join(home, 'envoy.yaml')
  writeFileSync(file, envoyConfiguration(at))
  return ownProcess(envoyProgram, ['-c', file, '--log-level', 'error', '--concurrency', '1', '--use-dynamic-base-id'])
}

function nginxConfiguration({ tls, edge, places }: Edge): string {
  const { authority, gateway } = portsOf(places)
  return readFileSync(join(deploy, 'nginx/sallyport.conf'), 'utf8')
    .replace(
      'listen 443 ssl;\n  server_name auth.example',
      `listen 127.0.0.1:${edge.authority} ssl; listen [::1]:${edge.authority} ssl;\n  server_name localhost`,
    )
    .replace(
      'listen 443 ssl;\n  server_name api.example',
      `listen 127.0.0.1:${edge.gateway} ssl;\n  server_name 127.0.0.1`,
    )
    .replace(
      'listen 443 ssl;\n  server_name app.example',
      `listen 127.0.0.1:${edge.bff} ssl;\n  server_name app.example`,
    )
    .replaceAll('127.0.0.1:4000', `127.0.0.1:${authority[0]}`)
    .replaceAll('127.0.0.1:4001', `127.0.0.1:${authority[1]}`)
    .replace('127.0.0.1:4100', `127.0.0.1:${gateway[0]}`)
    .replace('127.0.0.1:4101', `127.0.0.1:${gateway[1]}`)
    .replace('/etc/sallyport/tls/tls.crt', join(tls, 'server.pem'))
    .replace('/etc/sallyport/tls/tls.key', join(tls, 'server.key.pem'))
}

function envoyConfiguration({ tls, edge, places }: Edge): string {
  const { authority, gateway } = portsOf(places)
  return readFileSync(join(deploy, 'envoy/sallyport.yaml'), 'utf8')
    .replace('port_value: 9901', 'port_value: 0')
    .replace(
      'address: { socket_address: { address: 127.0.0.1, port_value: 8443 } }',
      `address: { socket_address: { address: 127.0.0.1, port_value: ${edge.authority} } }
      additional_addresses:
        - address: { socket_address: { address: "::1", port_value: ${edge.authority} } }
        - address: { socket_address: { address: 127.0.0.1, port_value: ${edge.gateway} } }`,
    )
    .replace('"auth.example", "auth.example:*"', `"localhost:${edge.authority}"`)
    .replace('"api.example", "api.example:*"', `"127.0.0.1:${edge.gateway}"`)
    .replace('port_value: 4000', `port_value: ${authority[0]}`)
    .replace('port_value: 4001', `port_value: ${authority[1]}`)
    .replace('port_value: 4100', `port_value: ${gateway[0]}`)
    .replace('port_value: 4101', `port_value: ${gateway[1]}`)
    .replace('/etc/sallyport/tls/tls.crt', join(tls, 'server.pem'))
    .replace('/etc/sallyport/tls/tls.key', join(tls, 'server.key.pem'))
}

function portsOf(places: Edge['places']): Readonly<Record<'authority' | 'gateway', readonly number[]>> {
  const of = (wanted: 'authority' | 'gateway') =>
    places.filter(({ part }) => part === wanted).map(({ ports }) => ports[wanted])
  return { authority: of('authority'), gateway: of('gateway') }
}
