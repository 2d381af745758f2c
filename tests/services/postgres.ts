import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { eventually } from '../eventually.ts'
import { freePort } from '../free-ports.ts'
import { type OwnProcess, ownProcess } from '../own-process.ts'

/** A real PostgreSQL of a test's own, until `stop`. */
export interface PostgresServer {
  readonly url: string
  readonly home: string
  /** SIGKILL to the whole server, as a crash; `start` brings it back on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  /** A hot standby that streams from this one. */
  replica(): Promise<PostgresServer>
}

/** Where the server's programs are: beside $SALLYPORT_POSTGRES, or the newest of the usual folders. */
function program(name: string): string {
  const given = process.env.SALLYPORT_POSTGRES
  const folders = given === undefined ? globSync('/usr/lib/postgresql/*/bin').sort().reverse() : [join(given, '..')]
  const found = folders.map(folder => join(folder, name)).find(path => existsSync(path))
  return found ?? assert.fail(`PostgreSQL is missing (${name}). Install it: apt-get install postgresql-15`)
}

/** PostgreSQL and PgBouncer refuse to run as root; root runs them as the user that the system's package made. */
export function unprivileged(command: string, args: readonly string[]): readonly [string, readonly string[]] {
  if (process.getuid?.() !== 0) return [command, args]
  return ['runuser', ['-u', 'postgres', '--', command, ...args]]
}

function run(command: string, args: readonly string[]): void {
  const [file, all] = unprivileged(command, args)
  execFileSync(file, all, { stdio: ['ignore', 'ignore', 'pipe'], cwd: tmpdir() })
}

function folder(): string {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'))
  giveToPostgres(home)
  return home
}

/** Makes the user that the server runs as the owner of a file or folder, where that is another one. */
export function giveToPostgres(path: string): void {
  if (process.getuid?.() !== 0) return
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  chownSync(path, id('-u'), id('-g'))
}

/**
 * Makes a cluster in a folder of its own and starts it on a free loopback port.
 * @param settings  further lines of its postgresql.conf
 */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const home = folder()
  run(program('initdb'), ['-D', join(home, 'data'), '-U', 'sallyport', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
  const port = await freePort()
  appendFileSync(
    join(home, 'data', 'postgresql.conf'),
    `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = '${home}'\nmax_connections = 200\n${settings.join('\n')}\n`,
  )
  return started(home, port)
}

async function started(home: string, port: number): Promise<PostgresServer> {
  let server = await launch(home, port)
  return {
    url: `postgres://sallyport@127.0.0.1:${port}/postgres`,
    home,
    async kill() {
      // Each child is in a group of its own, and may answer once more before it notices that the postmaster is gone.
      const children = childrenOf(home)
      server.signal('SIGKILL')
      await server.ended()
      await eventually(() => areOver(children), 'the last of the server has ended')
    },
    async start() {
      server = await launch(home, port)
    },
    async stop() {
      try {
        // It gives its shared memory back so, which a killed one does not.
        if (!server.isOver) run(program('pg_ctl'), ['-D', join(home, 'data'), '-m', 'immediate', '-t', '20', 'stop'])
      } finally {
        await server.stop()
      }
    },
    async replica() {
      const [replicaHome, replicaPort] = [folder(), await freePort()]
      const [data, primary] = [join(replicaHome, 'data'), `host=127.0.0.1 port=${port} user=sallyport`]
      run(program('pg_basebackup'), ['-D', data, '-d', primary, '-X', 'stream', '-c', 'fast'])
      // Not by the program's own -R, which names settings that a server older than the program does not know.
      writeFileSync(join(data, 'standby.signal'), '')
      giveToPostgres(join(data, 'standby.signal'))
      appendFileSync(
        join(data, 'postgresql.conf'),
        `port = ${replicaPort}\nunix_socket_directories = '${replicaHome}'\nprimary_conninfo = '${primary}'\n`,
      )
      return started(replicaHome, replicaPort)
    },
  }
}

async function launch(home: string, port: number): Promise<OwnProcess> {
  const [file, args] = unprivileged(program('postgres'), ['-D', join(home, 'data')])
  for (let tries = 100; ; tries -= 1) {
    const server = ownProcess(file, args, { cwd: tmpdir(), folder: home })
    if (await server.untilOver(() => isReady(port), 'it answers')) return server
    // After a crash the memory of the one before may still be in use by its last children.
    assert.ok(tries > 0, `PostgreSQL ended each time: ${server.said()}`)
    await wait(50)
  }
}

/** Keeps a standby as it is: what the primary commits from now on is not seen there. */
export async function pauseReplay(standby: pg.Client): Promise<void> {
  await standby.query('SELECT pg_wal_replay_pause()')
  const [{ version }] = (await standby.query("SELECT current_setting('server_version_num')::int AS version")).rows
  if (version < 140_000) return // it tells no more than that it was asked to
  const state = 'SELECT pg_get_wal_replay_pause_state() AS state'
  await eventually(async () => (await standby.query(state)).rows[0].state === 'paused', 'the standby is paused')
}

/** Process ids of what the postmaster has started. */
function childrenOf(home: string): readonly number[] {
  const [postmaster = ''] = readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')
  return execFileSync('ps', ['-o', 'pid=', '--ppid', postmaster], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(Number)
}

/** Those that a parent has not asked about yet (`Z`) are over. */
function areOver(pids: readonly number[]): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pids.join(',')], { encoding: 'utf8' })
  return stdout.split('\n').every(state => state === '' || state.startsWith('Z'))
}

function isReady(port: number): boolean {
  try {
    execFileSync(program('pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q'])
    return true
  } catch {
    return false
  }
}
