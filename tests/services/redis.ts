import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../eventually.ts'
import { freePort } from '../free-ports.ts'
import { type OwnProcess, ownProcess } from '../own-process.ts'

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
  const launch = async (port: number): Promise<OwnProcess | undefined> => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', '', '--appendonly', 'no']
    const server = ownProcess(program(), [...place, ...settings], { folder: home })
    return (await server.untilOver(() => answers(port, server.pid), 'it answers')) ? server : undefined
  }
  let port = 0
  let server: OwnProcess | undefined
  // Somebody else may take a port, or a cluster's second one, between its choice and its use.
  for (let tries = 10; server === undefined; tries -= 1) {
    assert.ok(tries > 0, 'Redis ended each time')
    port = await freePort()
    server = await launch(port)
  }
  let running: OwnProcess = server
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async kill() {
      running.signal('SIGKILL')
      await running.ended()
    },
    async start() {
      running = (await launch(port)) ?? assert.fail('Redis ended')
    },
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    stop: () => running.stop(),
  }
}

/**
 * A cluster of three primaries.
 * @param tls  settings by which the nodes speak TLS, to each other too
 */
export async function startRedisCluster(
  tls: readonly string[] = [],
): Promise<{ servers: readonly RedisServer[]; urls: string[]; stop(): Promise<void> }> {
  const clustered = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const isProtected = tls.length > 0
  const nodes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      if (!isProtected) {
        const server = await startRedis(clustered)
        return { server, port: server.port }
      }
      const port = await freePort()
      const words = ['--tls-port', String(port), '--tls-cluster', 'yes', ...tls]
      return { server: await startRedis([...clustered, ...words]), port }
    }),
  )
  const servers = nodes.map(({ server }) => server)
  for (const [n, { port }] of servers.entries()) {
    await tell(port, `CLUSTER ADDSLOTSRANGE ${n * 5462} ${Math.min((n + 1) * 5462 - 1, 16_383)}`)
    for (const other of nodes) await tell(port, `CLUSTER MEET 127.0.0.1 ${other.port}`)
  }
  for (const { port } of servers) {
    const isWhole = async () => (await tell(port, 'CLUSTER INFO')).includes('cluster_state:ok')
    await eventually(isWhole, 'the cluster is whole')
  }
  return {
    servers,
    urls: nodes.map(({ port }) => `${isProtected ? 'rediss' : 'redis'}://127.0.0.1:${port}`),
    async stop() {
      for (const server of servers) await server.stop()
    },
  }
}

/** One inline command, and the beginning of its answer. */
export async function tell(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    const signal = AbortSignal.timeout(2_000)
    await once(socket, 'connect', { signal })
    socket.write(`${command}\r\n`)
    const [data] = await once(socket, 'data', { signal })
    return String(data)
  } finally {
    socket.destroy()
  }
}

/** Whether this process serves the port, and not another test's that was given the same one. */
function answers(port: number, pid: number): Promise<boolean> {
  return tell(port, 'INFO server').then(
    answer => answer.includes(`process_id:${pid}\r\n`),
    () => false,
  )
}
