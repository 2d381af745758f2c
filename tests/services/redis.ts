import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A real Redis of a test's own, in memory, until `stop`. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** SIGKILL; what was in memory is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/** Where the server is: $SALLYPORT_REDIS, `redis-server` or `valkey-server`. */
function program(): string {
  const given = process.env.SALLYPORT_REDIS
  const candidates = given === undefined ? ['redis-server', 'valkey-server'] : [given]
  for (const candidate of candidates) {
    try {
      execFileSync(candidate, ['--version'])
      return candidate
    } catch (error) {
      assert.ok(error instanceof Error)
    }
  }
  assert.fail(`Redis is missing (${candidates.join(', ')}). Install it: apt-get install redis-server`)
}

/** Starts a server on a free loopback port. @param settings more of redis.conf, as arguments */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-redis-'))
  const port = await freePort()
  const launch = async (): Promise<ChildProcess> => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', '', '--appendonly', 'no']
    const child = spawn(program(), [...place, ...settings], { stdio: 'ignore' })
    while (!(await answers(port))) {
      assert.equal(child.exitCode, null, 'Redis ended')
      await wait(20)
    }
    return child
  }
  let child = await launch()
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: end,
    async start() {
      child = await launch()
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      await end()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** A cluster of three primaries. */
export async function startRedisCluster(): Promise<{ urls: string[]; stop(): Promise<void> }> {
  const clustered = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const servers = await Promise.all(Array.from({ length: 3 }, () => startRedis(clustered)))
  const ask = (port: number, ...command: string[]) =>
    execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' }).trim()
  for (const [n, { port }] of servers.entries()) {
    ask(port, 'cluster', 'addslotsrange', String(n * 5462), String(Math.min((n + 1) * 5462 - 1, 16_383)))
    for (const other of servers) ask(port, 'cluster', 'meet', '127.0.0.1', String(other.port))
  }
  for (const { port } of servers) while (!ask(port, 'cluster', 'info').includes('cluster_state:ok')) await wait(50)
  return {
    urls: servers.map(({ url }) => url),
    async stop() {
      for (const server of servers) await server.stop()
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [data] = await once(socket, 'data')
    return String(data).startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A port below 50,000, since a cluster's bus listens ten thousand above it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 20_000), '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    const address = server.address()
    server.close()
    if (free && typeof address === 'object' && address !== null) return address.port
  }
}
