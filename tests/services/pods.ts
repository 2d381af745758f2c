import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { parseAllDocuments } from 'yaml'
import type { Ports } from '../../packages/sallyport/src/demo/addresses.ts'
import { localCertificate } from '../../packages/sallyport/src/local-ca/certificate.ts'
import { eventually } from '../eventually.ts'
import { exchange } from '../exchange.ts'
import { freePorts } from '../free-ports.ts'
import { type PodSpec, podWords } from './pod.ts'
import type { Podman } from './podman.ts'
import { startProxy } from './proxy-before.ts'

type Part = 'authority' | 'gateway' | 'bff'

/** What the manifests of `deploy/kubernetes` start, in containers of one machine, behind nginx as `deploy/nginx` says. */
export interface Pods {
  readonly issuer: string
  readonly api: string
  /** What the manifests tell the operator to run in an authority's pod, in its order. */
  readonly commands: readonly string[]
  /** Of the containers that were started. */
  readonly names: readonly string[]
  /** Adds to the secret `sallyport`, of which each pod gets what is in it at its start. */
  keep(file: string, text: string): void
  /** Starts one pod, and waits until its readiness probe is answered. */
  start(part: Part, number: number): Promise<void>
  /** A request from outside. */
  ask(url: string, init: Init): Promise<{ readonly status: number; readonly text: string }>
  /** Ends all, each in its `terminationGracePeriodSeconds`. @returns what is left of them */
  end(): readonly { readonly State: { readonly ExitCode: number } }[]
  close(): Promise<void>
}

interface Init {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data: Readonly<Record<string, string>>
  readonly spec: { readonly template: { readonly spec: PodSpec } }
}

const manifests = join(import.meta.dirname, '../../deploy/kubernetes')
const portNames = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const
/** @param services  addresses for the manifests' secret; the master key is made as they say */
export async function openPods(podman: Podman, services: { postgres: string; redis: string }): Promise<Pods> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pods-'))
  chmodSync(folder, 0o755)
  const tls = join(folder, 'tls')
  await localCertificate(tls, Date.now())
  const ca = readFileSync(join(tls, 'ca.pem'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca)
  const service = createServer(({ url }, response) => response.end(url))
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  const edge = await freePorts(['authority', 'gateway', 'bff'])
  const [issuer, api] = [`https://localhost:${edge.authority}`, `https://127.0.0.1:${edge.gateway}`]
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const places = await Promise.all(
    (['authority', 'authority', 'gateway', 'gateway'] as const).map(async part => ({
      part,
      ports: await freePorts(portNames),
    })),
  )
  const backEnd = { part: 'bff', ports: await freePorts(portNames) } as const
  const before = startProxy('nginx', folder, { tls, edge, places })
  const secret: Record<string, string> = {
    'postgres-url': services.postgres,
    'redis-url': services.redis,
    'master-key': masterKey(),
  }
  // The service behind the gateway answers with the path that it was asked for.
  const here = (text: string): string =>
    text
      .replaceAll('https://auth.example', issuer)
      .replaceAll('https://api.example', api)
      .replaceAll('http://notes.notes.svc.cluster.local', upstream)
  const configuration = here(objects('configuration')[0]?.data['sallyport.yaml'] ?? '')
  const names: string[] = []
  const agent = new Agent({ connect: { ca } })
  return {
    ...{ issuer, api, names, commands: commands().map(here) },
    keep: (file, text) => {
      secret[file] = text
    },
    async start(part, number) {
      const name = `${part}-${number}`
      const ports: Ports = [...places, backEnd].filter(place => place.part === part)[number]?.ports ?? backEnd.ports
      const port = ports[part === 'bff' ? 'app' : part]
      const spec = objects(part).find(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')?.spec.template.spec
      if (spec === undefined) throw new Error(`no manifest starts ${part}`)
      const believed = ['--volume', `${caFile}:/run/ca.pem:ro`, '--env', 'NODE_EXTRA_CA_CERTS=/run/ca.pem']
      const contents = {
        sallyport: { ...secret, 'sallyport.yaml': configuration },
        page: { 'index.html': '<!doctype html>' },
      }
      podman.start(...podWords(spec, { name, folder, contents, options: believed, args: portWords(ports) }))
      names.push(name)
      const isReady = () =>
        exchange(`http://127.0.0.1:${port}/readyz`).then(
          ({ status }) => status === 200,
          () => false,
        )
      await eventually(isReady, () => `${name} is ready\n${podman.logs(name).slice(-2_000)}`)
    },
    async ask(url, init) {
      const { statusCode, body } = await request(url, { ...init, dispatcher: agent })
      return { status: statusCode, text: await body.text() }
    },
    end() {
      podman.run('stop', ...names)
      return JSON.parse(podman.run('container', 'inspect', ...names))
    },
    async close() {
      service.close()
      await Promise.all([agent.close(), before.stop()])
      if (names.length > 0) podman.run('rm', '--force', '--time', '0', '--ignore', ...names)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Containers here have one network, in which each needs ports of its own. */
const portWords = (ports: Ports): readonly string[] => [
  ...['--authority-port', `${ports.authority}`, '--app-port', `${ports.app}`],
  ...['--gateway-port', `${ports.gateway}`, '--gateway-tls-port', `${ports.gatewayTls}`],
]

const textOf = (file: string): string => readFileSync(join(manifests, `${file}.yaml`), 'utf8')

/** Kubernetes reads YAML 1.1, where a mode is octal. */
const objects = (file: string): readonly Manifest[] =>
  parseAllDocuments(textOf(file), { version: '1.1' }).map((document): Manifest => document.toJS())

/** Lines of a comment that begin with `$run`, each with those that it goes on in. */
function commands(): readonly string[] {
  const lines = textOf('configuration')
    .replaceAll(/ \\\n# */g, ' ')
    .split('\n')
  return lines.filter(line => line.startsWith('#   $run ')).map(line => line.replace('#   $run ', ''))
}

/** As the manifests tell the operator to make one. */
function masterKey(): string {
  const [, command = ''] = /--from-literal=master-key="(.*)" \\$/m.exec(textOf('configuration')) ?? []
  return execFileSync('bash', ['-c', `printf %s "${command}"`], { encoding: 'utf8' })
}
