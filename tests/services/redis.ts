import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../free-ports.ts'

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
  const launch = async (port: number): Promise<ChildProcess | undefined> => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', '', '--appendonly', 'no']
    const child = spawn(program(), [...place, ...settings], { stdio: 'ignore' })
    while (!(await answers(port, child.pid))) {
      if (child.exitCode !== null) return undefined
      await wait(20)
    }
    return child
  }
  let port = 0
  let child: ChildProcess | undefined
  // Somebody else may take a port, or a cluster's second one, between its choice and its use.
  for (let tries = 10; child === undefined; tries -= 1) {
    assert.ok(tries > 0, 'Redis ended each time')
    port = await freePort()
    child = await launch(port)
  }
  let running: ChildProcess = child
  const end = async () => {
    if (running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: end,
    async start() {
      running = (await launch(port)) ?? assert.fail('Redis ended')
    },
    freeze: () => running.kill('SIGSTOP'),
    thaw: () => running.kill('SIGCONT'),
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
  for (const [n, { port }] of servers.entries()) {
    await tell(port, `CLUSTER ADDSLOTSRANGE ${n * 5462} ${Math.min((n + 1) * 5462 - 1, 16_383)}`)
    for (const other of servers) await tell(port, `CLUSTER MEET 127.0.0.1 ${other.port}`)
  }
  for (const { port } of servers)
    while (!(await tell(port, 'CLUSTER INFO')).includes('cluster_state:ok')) await wait(50)
  return {
    urls: servers.map(({ url }) => url),
    async stop() {
      for (const server of servers) await server.stop()
    },
  }
}

/** One inline command, and the beginning of its answer. */
async function tell(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [data] = await once(socket, 'data')
    return String(data)
  } finally {
    socket.destroy()
  }
}

/** Whether this process serves the port, and not another test's that was given the same one. */
function answers(port: number, pid: number | undefined): Promise<boolean> {
  return tell(port, 'INFO server').then(
    answer => answer.includes(`process_id:${pid}\r\n`),
    () => false,
  )
}
