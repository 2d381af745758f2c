import { callJson } from '../client/call.ts'
import { homeOf, settingsOf } from '../client/installation.ts'
import { CommandFailure, type Invocation, type Outcome } from '../command-line/command.ts'
import { shownTime, table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { tenant } from '../composition/authority.ts'
import { dataFailure } from '../composition/data.ts'
import { openDurableStore, storePlace } from '../composition/durable-store.ts'
import { masterKeyOf } from '../composition/master-key.ts'
import { livePeers, type Peer } from '../composition/peers.ts'
import type { Home } from '../home/home.ts'
import { readRunning } from '../home/running.ts'

/**
 * Asks each part of this folder's process whether it is ready, and says where data is kept and who else serves from there.
 * Exit 5 when one does not answer, 1 when one is not ready.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const running = readRunning(home)
  if (running === undefined) {
    return {
      failed: 'unreachable',
      code: 'not_started',
      message: `Nothing runs from ${home.folder}.`,
      hint: 'Run npm start.',
    }
  }
  const { addresses, listening, stores, pid } = running
  const items = await Promise.all(
    Object.entries(listening).map(async ([part, at]) => ({
      part,
      address: addresses[part] ?? at,
      state: await ask(at),
    })),
  )
  const peers = stores.authority === undefined ? [] : await peersOf(home, invocation, terminal)
  const text = [
    table(
      ['part', 'address', 'state'],
      items.map(({ part, address, state }) => [part, address, state]),
    ),
    table(['data of', 'kept in'], Object.entries(stores)),
    ...(peers.length === 0 ? [] : [peerTable(peers)]),
  ].join('\n\n')
  const silent = items.filter(({ state }) => state !== 'ready')
  if (silent.length === 0) return { text, data: { pid, items, stores, peers } }
  terminal.note(`${text}\n`)
  const failed = silent.some(({ state }) => state === 'unreachable') ? 'unreachable' : 'failed'
  return { failed, code: 'not_ready', message: `Not ready: ${silent.map(({ part }) => part).join(', ')}.` }
}

const peerTable = (peers: readonly Peer[]): string =>
  table(
    ['process', 'host', 'pid', 'parts', 'version', 'since'],
    peers.map(({ name, host, pid, parts, version, started_at }) => [
      name,
      host,
      String(pid),
      parts.join(' '),
      version,
      shownTime(started_at),
    ]),
  )

/** Who serves from the authority's store; a store of this process alone is not asked, and one that is away has no answer. */
async function peersOf(home: Home, invocation: Invocation, terminal: Terminal): Promise<readonly Peer[]> {
  try {
    const settings = settingsOf(invocation, terminal)
    const place = storePlace('authority', home, settings)
    if (!place.shared) return []
    const masterKey = masterKeyOf(home, settings)
    const store = await openDurableStore(place, home, settings, { masterKey, writer: undefined })
    try {
      return await livePeers(store.of(tenant))
    } finally {
      await store.close()
    }
  } catch (error) {
    const failure = dataFailure(error)
    if (!(failure instanceof CommandFailure)) throw failure
    terminal.note(`The other processes are not known: ${failure.message}\n`)
    return []
  }
}

async function ask(address: string): Promise<'ready' | 'not ready' | 'unreachable'> {
  try {
    const { status } = await callJson(`${address}/readyz`)
    return status === 200 ? 'ready' : 'not ready'
  } catch (error) {
    if (error instanceof CommandFailure) return 'unreachable'
    throw error
  }
}
