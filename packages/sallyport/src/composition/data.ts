import { type MasterKey, StoreError } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Settings } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'
import {
  type DurableStore,
  type Opener,
  openDurableStore,
  type StoreName,
  type StorePlace,
  storePlace,
} from './durable-store.ts'
import { masterKeyOf } from './master-key.ts'

export interface OpenedStore {
  readonly place: StorePlace
  readonly store: DurableStore
}

/** Everything that this process keeps. */
export interface Data {
  readonly masterKey: MasterKey
  readonly authority: OpenedStore | undefined
  readonly bff: OpenedStore | undefined
  close(): Promise<void>
}

/**
 * Opens the stores that are asked for, each sealed under a key of its own; the audit trail is kept with the authority's.
 *
 * @param options.writer  the name of this process's chain in the trail; one process at a time has it
 * @param options.replica  beside the authority's store on PostgreSQL
 * @throws CommandFailure that says what is wrong with the data and what to do: exit 3
 */
export async function openData(
  home: Home,
  settings: Settings,
  options: Pick<Opener, 'replica'> & { readonly writer: string; readonly stores: readonly StoreName[] },
): Promise<Data> {
  const opened: { close(): Promise<void> }[] = []
  const close = async () => {
    await Promise.all(opened.splice(0).map(each => each.close()))
  }
  const keep = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const one = await opening
    opened.push(one)
    return one
  }
  try {
    const masterKey = masterKeyOf(home, settings)
    const open = async (name: StoreName): Promise<OpenedStore | undefined> => {
      if (!options.stores.includes(name)) return undefined
      const place = storePlace(name, home, settings)
      const { writer, replica } = options
      return { place, store: await keep(openDurableStore(place, home, settings, { masterKey, writer, replica })) }
    }
    const opening = [open('authority'), open('bff')] as const
    // Both are waited for, even when one fails, so that the other is closed.
    await Promise.allSettled(opening)
    const [authority, bff] = await Promise.all(opening)
    return { masterKey, authority, bff, close }
  } catch (error) {
    await close()
    throw dataFailure(error)
  }
}

/** A problem of the data folder as a failure of the command; anything else stays what it is. */
export function dataFailure(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  const { message, hint, code } = error
  const problem = message.endsWith(hint) ? message.slice(0, -hint.length).trim() : message
  return new CommandFailure({ failed: 'config', code: `store_${code}`, message: problem, hint })
}
