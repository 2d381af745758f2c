import { accessSync, chmodSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { CommandFailure } from '../command-line/command.ts'

/** Where everything is that this installation keeps. */
export interface Home {
  readonly folder: string
  readonly authorityDatabase: string
  readonly bffDatabase: string
  readonly ordersDatabase: string
  readonly audit: string
  /** Door one's and door two's decisions, joined (NDJSON); what `explain` reads. */
  readonly decisions: string
  /** Credentials of the demo (DESIGN §5), 0600. */
  readonly demo: string
  /** Private key of the local administrator, 0600. */
  readonly administratorKey: string
  /** Key and certificates of the gateway's local CA. */
  readonly tls: string
  /** What runs now: process, addresses. */
  readonly running: string
  readonly lock: string
  readonly log: string
}

/** A file of the home. */
export const inHome = (home: Home, name: string): string => join(home.folder, name)

/** The home's paths: `--home`, else `$SALLYPORT_HOME`, else `.sallyport` in the working directory. */
export function homePaths(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): Home {
  const given = environment.SALLYPORT_HOME
  const folder = resolve(directory, flag ?? (given === undefined || given === '' ? '.sallyport' : given))
  const inside = (name: string): string => join(folder, name)
  return {
    folder,
    authorityDatabase: inside('authority.db'),
    bffDatabase: inside('bff.db'),
    ordersDatabase: inside('orders.db'),
    audit: inside('audit.log'),
    decisions: inside('decisions.ndjson'),
    demo: inside('demo.json'),
    administratorKey: inside('cli.key.json'),
    tls: inside('tls'),
    running: inside('running.json'),
    lock: inside('lock.sqlite'),
    log: inside('sallyport.log'),
  }
}

/**
 * Makes the folder with mode 0700 where it is missing, and takes others' rights away where it is there and ours: empty, or
 * with what a start leaves in it. Any other that others may enter is somebody's shared folder and stays as it is.
 *
 * @throws CommandFailure `home_not_writable` or `home_not_ours` (exit 3)
 */
export function openHome(home: Home): void {
  try {
    mkdirSync(home.folder, { recursive: true, mode: 0o700 })
    if (!statSync(home.folder).isDirectory()) throw notWritable(home, 'not a folder')
    accessSync(home.folder, constants.R_OK | constants.W_OK | constants.X_OK)
    if (process.platform === 'win32' || (statSync(home.folder).mode & 0o077) === 0) return
    if (!isOurs(home)) throw notOurs(home)
    chmodSync(home.folder, 0o700)
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw notWritable(home, error instanceof Error && 'code' in error ? String(error.code) : String(error))
  }
}

function isOurs(home: Home): boolean {
  const names = readdirSync(home.folder)
  const marks = [home.lock, masterKeyFile(home)].map(path => basename(path))
  return names.length === 0 || marks.some(mark => names.includes(mark))
}

/** The folder as it is best shown: short where it is below the working directory. */
export function shownFolder(home: Home, directory: string): string {
  const below = `${directory}/`
  return home.folder.startsWith(below) ? `${home.folder.slice(below.length)}/` : home.folder
}

function notOurs(home: Home): CommandFailure {
  return new CommandFailure({
    failed: 'config',
    code: 'home_not_ours',
    message: `The data folder ${home.folder} has other things in it, and others may enter it.`,
    expected: 'a folder that is new, empty, closed to other users (chmod 700), or made by an earlier start',
    got: 'a shared folder that no start has made',
    hint: 'Choose another folder with --home or $SALLYPORT_HOME; a new one is made for this user alone.',
  })
}

function notWritable(home: Home, got: string): CommandFailure {
  return new CommandFailure({
    failed: 'config',
    code: 'home_not_writable',
    message: `The data folder ${home.folder} cannot be used.`,
    expected: 'a folder that this user may read and write',
    got,
    hint: 'Give this user the rights, or choose another folder with --home or $SALLYPORT_HOME.',
  })
}

const masterKeyFile = (home: Home): string => join(home.folder, 'master.key')

/** Everything that a start makes in the folder, the lock aside. */
export function homeFiles(home: Home): readonly string[] {
  const databases = [home.authorityDatabase, home.bffDatabase, home.ordersDatabase]
  return [
    ...databases.flatMap(path => [path, `${path}-wal`, `${path}-shm`]),
    masterKeyFile(home),
    home.audit,
    home.decisions,
    home.demo,
    home.administratorKey,
    home.tls,
    home.running,
    home.log,
  ]
}
