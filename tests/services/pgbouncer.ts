import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-ports.ts'
import { isOpen, ownProcess } from '../own-process.ts'
import { giveToPostgres, unprivileged } from './postgres.ts'

/** A real PgBouncer of a test's own, until `stop`. */
export interface PgBouncer {
  /** The server's address, through it. */
  readonly url: string
  stop(): Promise<void>
}

/** What its `pool_mode` says: how long a client keeps the session of the server that it was given. */
export type PoolMode = 'session' | 'transaction' | 'statement'

/** Where it is: $SALLYPORT_PGBOUNCER, or where Debian puts it. */
const program = process.env.SALLYPORT_PGBOUNCER ?? '/usr/sbin/pgbouncer'

/**
 * Starts it before a server, on a free loopback port.
 * @param settings  further lines of its pgbouncer.ini
 */
export async function startPgBouncer(
  server: { readonly url: string },
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<PgBouncer> {
  const { port: serverPort, username } = new URL(server.url)
  const home = mkdtempSync(join(tmpdir(), 'sallyport-pgbouncer-'))
  const port = await freePort()
  const [users, file] = [join(home, 'users.txt'), join(home, 'pgbouncer.ini')]
  writeFileSync(users, `"${username}" ""\n`)
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = 100
max_client_conn = 500
${settings.join('\n')}
`,
  )
  for (const path of [home, users, file]) giveToPostgres(path)
  const [command, words] = unprivileged(program, ['-q', file])
  const pooler = ownProcess(command, words, { cwd: tmpdir(), folder: home })
  await pooler.until(() => isOpen(port), 'it listens')
  const url = new URL(server.url)
  url.port = String(port)
  return { url: url.href, stop: () => pooler.stop() }
}
