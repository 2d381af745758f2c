import {
  createSealer,
  type MasterKey,
  type Movable,
  openPostgresStore,
  openSqliteStore,
  type PostgresOptions,
  type PostgresStore,
  type SqliteStore,
  type Store,
} from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Settings } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'
import { nowSeconds } from './clock.ts'
import { isPostgresAddress } from './postgres-address.ts'

export type StoreName = 'authority' | 'bff'

export type StoreKind = 'sqlite' | 'postgres'

/** A store that lasts, on whatever the configuration names. */
export interface DurableStore
  extends Store,
    Movable,
    Pick<SqliteStore, 'load'>,
    Partial<Pick<PostgresStore, 'lagging'>> {
  /** Seals again what is sealed under an older master key. @returns how many records that were */
  reseal(): Promise<number>
}

/** Where a store is, before it is opened. */
export interface StorePlace {
  readonly name: StoreName
  readonly kind: StoreKind
  /** Whether other processes, with homes of their own, may serve from it too. */
  readonly shared: boolean
  /** For people: a path, or host, database and schema; never a password. */
  readonly where: string
}

/** What is encrypted at rest, by store. */
const sealedKinds = {
  authority: ['signing-key', 'feed-key', 'audit-key', 'session', 'interaction'],
  bff: ['browser-session'],
}

/**
 * Where the configuration puts a store.
 *
 * @param kind  the one to look at instead of the one that is configured, for a move
 * @throws CommandFailure `postgres_url_missing` (exit 3)
 */
export function storePlace(name: StoreName, home: Home, settings: Settings, kind = settings.store[name]): StorePlace {
  if (kind === 'postgres') {
    const { host, pathname } = new URL(postgresUrl(name, settings))
    const where = `Postgres ${host}${pathname}, schema ${schemaOf(name, settings)}`
    return { name, kind, shared: true, where }
  }
  return { name, kind, shared: false, where: fileOf(name, home) }
}

/** Who opens a store. */
export interface Opener {
  readonly masterKey: MasterKey
  /** The name of this process's chain in the audit trail; one process at a time has it. `undefined`: it only reads there. */
  readonly writer: string | undefined
  /** Where pages may be read that may lag, for the authority's store on PostgreSQL. */
  readonly replica?: PostgresOptions['replica']
}

/** Opens a store under a subkey of its own, the authority's with the audit trail. @throws StoreError, and what `storePlace` throws */
export function openDurableStore(
  { name, kind }: StorePlace,
  home: Home,
  settings: Settings,
  as: Opener,
): Promise<DurableStore> {
  const { masterKey, writer, replica } = as
  const common = { nowSeconds, sealer: createSealer(masterKey, name), sealedKinds: sealedKinds[name] }
  const audited = name === 'authority'
  if (kind === 'sqlite') {
    const audit = audited ? { path: home.audit, ...(writer !== undefined && { writer }) } : undefined
    return openSqliteStore({ path: fileOf(name, home), ...common, audit })
  }
  const place = { url: postgresUrl(name, settings), schema: schemaOf(name, settings) }
  if (!audited) return openPostgresStore({ ...place, ...common })
  return openPostgresStore({ ...place, ...common, replica, audit: writer === undefined ? undefined : { writer } })
}

const fileOf = (name: StoreName, home: Home): string =>
  name === 'authority' ? home.authorityDatabase : home.bffDatabase

const schemaOf = (name: StoreName, { store }: Settings): string =>
  name === 'authority' ? store.authoritySchema : store.bffSchema

function postgresUrl(name: StoreName, { store }: Settings): string {
  const { postgresUrl: url } = store
  if (url !== undefined && isPostgresAddress(url)) return url
  throw new CommandFailure({
    failed: 'config',
    code: 'postgres_url_missing',
    message: `store.${name} is postgres, but there is no address of one.`,
    expected: 'postgres://user:password@host:port/database',
    got: url === undefined ? 'nothing' : 'something that is no address',
    hint: 'Set SALLYPORT_POSTGRES_URL, or SALLYPORT_POSTGRES_URL_FILE to a file that holds it; / and # of a password are %2F and %23.',
  })
}
