import { checksum, type Migrated, migrate } from '@sallyport/store'
import { homeOf, settingsOf } from '../client/installation.ts'
import { CommandFailure, flag, type Invocation, type Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { tenant } from '../composition/authority.ts'
import { nowSeconds } from '../composition/clock.ts'
import { dataFailure } from '../composition/data.ts'
import { type DurableStore, openDurableStore, type StoreKind, storePlace } from '../composition/durable-store.ts'
import { masterKeyOf } from '../composition/master-key.ts'
import { livePeers } from '../composition/peers.ts'
import { openHome } from '../home/home.ts'
import { lockHome } from '../home/lock.ts'

/**
 * Moves everything of the authority and of the browser back end from one kind of store to the other, which must be empty.
 * What was written is read again, and both checksums are printed. The source stays as it is; refresh replies stay there.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const [from, to] = [kindOf(invocation, 'from'), kindOf(invocation, 'to')]
  if (from === to) throw usage('to', `the other one than ${from}`)
  const home = homeOf(invocation, terminal)
  const settings = settingsOf(invocation, terminal)
  openHome(home)
  const unlock = lockHome(home)
  const opened: DurableStore[] = []
  try {
    const masterKey = masterKeyOf(home, settings)
    const open = async (name: 'authority' | 'bff', kind: StoreKind) => {
      const place = storePlace(name, home, settings, kind)
      const store = await openDurableStore(place, home, settings, { masterKey, writer: 'command-line' })
      opened.push(store)
      return { store, where: place.where }
    }
    const ways = []
    for (const name of ['authority', 'bff'] as const)
      ways.push({ name, source: await open(name, from), target: await open(name, to) })
    for (const { name, source, target } of ways) {
      if (name === 'authority') await nobodyServes(source.store)
      await isEmpty(target)
    }
    const moves = []
    for (const { name, source, target } of ways)
      moves.push({ name, to: target.where, ...(await moved(source.store, target.store)) })
    const rows = moves.map(({ name, rows: { record, claim, entry }, checksum: sum }) => [
      name,
      `${record} records, ${claim} claims, ${entry} entries`,
      sum,
    ])
    const next = `Next: store.authority: ${to} and store.bff: ${to} in the configuration. Put the ${from} data away: it is as it was, and grows old.`
    return { text: `${table(['store', 'moved', 'checksum, read back'], rows)}\n${next}`, data: { from, to, moves } }
  } catch (error) {
    throw dataFailure(error)
  } finally {
    await Promise.all(opened.map(store => store.close()))
    unlock()
  }
}

/** Moves, and compares once more what the target says after its commit. */
async function moved(source: DurableStore, target: DurableStore): Promise<Migrated> {
  const now = nowSeconds()
  const sent = await migrate(source, target, now)
  const received = await checksum(target, now)
  if (received.checksum === sent.checksum) return sent
  throw new CommandFailure({
    failed: 'failed',
    code: 'checksum_differs',
    message: 'The target does not hold what was sent; something else writes there.',
    expected: sent.checksum,
    got: received.checksum,
    hint: 'Stop whatever serves from the target, empty it, and move again.',
  })
}

/** Both are looked at before either is moved, so that a refusal leaves nothing half done. */
async function isEmpty({ store, where }: { readonly store: DurableStore; readonly where: string }): Promise<void> {
  const { rows } = await checksum(store, nowSeconds())
  const held = Object.values(rows).reduce((sum, count) => sum + count, 0)
  if (held === 0) return
  throw new CommandFailure({
    failed: 'failed',
    code: 'store_not_empty',
    message: `${where} is not empty.`,
    expected: 'no rows',
    got: `${held}`,
    hint: 'Move to an empty one: another schema, or a data folder without the file.',
  })
}

/** What a process writes while its store is copied would be lost. The lock of the home tells of its own. */
async function nobodyServes(source: DurableStore): Promise<void> {
  const [peer] = await livePeers(source.of(tenant))
  if (peer === undefined) return
  throw new CommandFailure({
    failed: 'failed',
    code: 'store_in_use',
    message: `${peer.name} (${peer.host}, process ${peer.pid}) serves from the source.`,
    hint: 'Stop all processes that do; one that was killed is forgotten after 15 s.',
  })
}

function kindOf(invocation: Invocation, name: string): StoreKind {
  const given = flag(invocation, name)
  if (given === 'sqlite' || given === 'postgres') return given
  throw usage(name, 'sqlite or postgres')
}

const usage = (name: string, expected: string): CommandFailure =>
  new CommandFailure({ failed: 'usage', code: 'usage', message: `--${name} does not fit.`, expected })
