import {
  type AuditTrail,
  createSealer,
  type FileTrailOptions,
  type MasterKey,
  openMasterKey,
  openSqliteStore,
  type SqliteStore,
  StoreError,
} from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Environment } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'
import { nowSeconds } from './clock.ts'

/** Everything that this process keeps on disk. */
export interface Data {
  readonly masterKey: MasterKey
  readonly authority: SqliteStore
  readonly bff: SqliteStore | undefined
  /** The trail of all that is done; the authority's store keeps it. */
  readonly audit: AuditTrail
  close(): Promise<void>
}

/** What is encrypted at rest, by database. */
const sealedKinds = {
  authority: ['signing-key', 'feed-key', 'session', 'interaction'],
  bff: ['browser-session'],
}

/**
 * Opens the databases, each sealed under a key of its own, and the audit trail.
 *
 * @param options.writer  the name of this process's chain in the trail; one process at a time has it
 * @throws CommandFailure that says what is wrong with the data folder and what to do: exit 3
 */
export async function openData(
  home: Home,
  environment: Environment,
  options: { readonly writer: string; readonly bff: boolean },
): Promise<Data> {
  try {
    const masterKey = openMasterKey({ home: home.folder, environment })
    const [authority, bff] = await Promise.all([
      openDatabase('authority', home.authorityDatabase, masterKey, { path: home.audit, writer: options.writer }),
      options.bff ? openDatabase('bff', home.bffDatabase, masterKey) : undefined,
    ])
    const close = async () => {
      await Promise.all([authority.close(), bff?.close()])
    }
    return { masterKey, authority, bff, audit: authority.audit, close }
  } catch (error) {
    throw dataFailure(error)
  }
}

function openDatabase(
  name: keyof typeof sealedKinds,
  path: string,
  masterKey: MasterKey,
  audit?: FileTrailOptions,
): Promise<SqliteStore> {
  const sealer = createSealer(masterKey, name)
  return openSqliteStore({ path, nowSeconds, sealer, sealedKinds: sealedKinds[name], audit })
}

/** A problem of the data folder as a failure of the command; anything else stays what it is. */
export function dataFailure(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  const { message, hint, code } = error
  const problem = message.endsWith(hint) ? message.slice(0, -hint.length).trim() : message
  return new CommandFailure({ failed: 'config', code: `store_${code}`, message: problem, hint })
}
