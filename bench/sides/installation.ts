import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { freePorts } from '../../tests/free-ports.ts'

const root = resolve(import.meta.dirname, '../..')
const product = join(root, 'packages/sallyport/src')

/** A product as it is right after its installation: compiled code is there, data is not. */
export interface Installation {
  /**
   * Starts it and waits for its ready line.
   * @param options.authorityAlone  without the demo around it
   * @param options.through  `npm`: the command of the README; `node`: a Node binary that no other process shares pages with
   */
  start(options: { readonly authorityAlone: boolean; readonly through: 'npm' | 'node' }): Promise<Started>
  /** Forgets the data, so that the next start is a first one. */
  empty(): void
  remove(): void
}

export interface Started {
  readonly pid: number
  readonly home: string
  readonly issuer: string
  /** From the command to the ready line. */
  readonly readySeconds: number
  readonly startedAt: number
  stop(): Promise<void>
}

export function newInstallation(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const node = join(folder, 'node')
  const alone = join(folder, 'alone.yaml')
  cpSync(process.execPath, node)
  writeFileSync(alone, 'demo:\n  enabled: false\n')
  // As the set-up script has it, however this measurement was begun.
  const environment = {
    ...process.env,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    MALLOC_MMAP_THRESHOLD_: '1048576',
  }
  execFileSync(node, [join(product, 'warm-up.ts')], { env: environment })
  const homeOf = (authorityAlone: boolean) => join(folder, authorityAlone ? 'alone' : 'demo')
  return {
    start: async ({ authorityAlone, through }) => {
      const home = homeOf(authorityAlone)
      const words = ['--json', ...(await portFlags()), ...(authorityAlone ? ['--config', alone] : [])]
      const startedAt = performance.now()
      const child = spawn(
        through === 'npm' ? 'npm' : node,
        through === 'npm' ? ['start', '--silent', '--', ...words] : [join(product, 'main.ts'), 'start', ...words],
        {
          cwd: root,
          env: { ...environment, SALLYPORT_HOME: home },
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true,
        },
      )
      const { issuer } = await readyLine(child)
      const readySeconds = (performance.now() - startedAt) / 1000
      return { pid: child.pid ?? 0, home, issuer, readySeconds, startedAt, stop: () => stopGroup(child) }
    },
    empty: () => {
      for (const each of [true, false]) rmSync(homeOf(each), { recursive: true, force: true })
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function portFlags(): Promise<string[]> {
  const ports = await freePorts(['authority', 'gateway', 'gateway-tls', 'app', 'orders-api'])
  return Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, String(port)])
}

async function readyLine(child: ChildProcess): Promise<{ readonly issuer: string }> {
  if (child.stdout === null) throw new Error('the output of the start is not read')
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{"ready":true')) return JSON.parse(line)
    said.push(line)
  }
  throw new Error(`the start ended before it was ready: ${said.join(' ')}`)
}

/** npm passes signals on late; its whole group gets them. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  await ended
}
