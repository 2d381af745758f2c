import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../tests/free-ports.ts'
import { untilOpen } from './open-port.ts'
import { type PinnedServer, startProgram } from './pinned-server.ts'
import { isThere } from './wrk.ts'

export interface NginxSaid {
  readonly origin: string
}

/**
 * nginx that passes every request on, alone on its core, with one process. With `decisions` it asks there first, as
 * deploy/nginx/decision.conf does, and sends the token it gets inside.
 *
 * @throws Error when nginx is missing
 */
export async function startNginx(upstream: string, decisions?: string): Promise<PinnedServer<NginxSaid>> {
  if (!isThere('nginx')) throw new Error('nginx is missing: apt-get install nginx')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const { port } = await freePorts(['port'])
  const file = join(folder, 'nginx.conf')
  const pass = 'proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";'
  const text = `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 1024; }
    http {
      access_log off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
      uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      upstream service { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000; }
      ${decisions === undefined ? '' : `upstream decision { server ${new URL(decisions).host}; keepalive 64; keepalive_requests 1000000; }`}
      server {
        listen 127.0.0.1:${port}; keepalive_requests 1000000;
        ${decisions === undefined ? `location / { ${pass} }` : asking(pass)}
      }
    }`
  writeFileSync(file, text)
  const said: NginxSaid = { origin: `http://127.0.0.1:${port}` }
  // nginx itself says nothing when it serves.
  const script = 'echo "$0"; exec nginx -c "$1" -e stderr'
  const server = await startProgram<NginxSaid>(['sh', '-c', script, JSON.stringify(said), file])
  await untilOpen(port)
  return server
}

function asking(pass: string): string {
  return `
    location / {
      auth_request /decide;
      auth_request_set $inside_authorization $upstream_http_authorization;
      auth_request_set $inside_forwarded $upstream_http_forwarded;
      auth_request_set $inside_request_id $upstream_http_x_request_id;
      proxy_set_header Authorization $inside_authorization;
      proxy_set_header Forwarded $inside_forwarded;
      proxy_set_header X-Request-Id $inside_request_id;
      ${pass}
    }
    location = /decide {
      internal;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Host localhost;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Original-Address $remote_addr;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://decision;
    }`
}
