import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Log } from '@sallyport/server'
import type { TenantStore } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import { nowSeconds } from './clock.ts'

/** A process that serves from a store which others serve from too, as it tells of itself. */
export interface Peer {
  readonly name: string
  readonly host: string
  readonly folder: string
  readonly pid: number
  readonly issuer: string
  readonly parts: readonly string[]
  readonly version: string
  /** Unix seconds. */
  readonly started_at: number
  readonly seen_at: number
}

export type PeerSelf = Omit<Peer, 'host' | 'pid' | 'started_at' | 'seen_at'>

const kind = 'process'
const beatMs = 5_000
/** A process that ended without a word is forgotten after this. */
const silenceSeconds = 15
const most = 1_000

/**
 * Tells the others of this process, again and again until it leaves. One that was killed is forgotten, or overwritten by
 * its successor from the same folder.
 *
 * @returns how to leave
 * @throws CommandFailure `issuer_differs` when a live one serves another issuer: their tokens would be refused here;
 *   `process_name_taken` when one has this name: a chain of the audit trail has one writer
 */
export async function joinPeers(store: TenantStore, self: PeerSelf, log: Log): Promise<() => Promise<void>> {
  const host = hostname()
  const key = createHash('sha256').update(`${host}\0${self.folder}`).digest('base64url')
  const others = (await livePeers(store)).filter(peer => peer.host !== host || peer.folder !== self.folder)
  const stranger = others.find(peer => peer.issuer !== self.issuer)
  if (stranger !== undefined) throw issuerDiffers(self, stranger)
  const namesake = others.find(peer => peer.name === self.name)
  if (namesake !== undefined) throw nameTaken(namesake)
  const begun = nowSeconds()
  const tell = async () => {
    const now = nowSeconds()
    const value: Peer = { ...self, host, pid: process.pid, started_at: begun, seen_at: now }
    await store.commit([{ put: { kind, key, value, expiresAt: now + silenceSeconds } }])
  }
  await tell()
  const timer = setInterval(() => {
    tell().catch((cause: unknown) => log.warn('process_untold', { cause }))
  }, beatMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await store.commit([{ remove: { kind, key } }]).catch((cause: unknown) => log.warn('process_untold', { cause }))
  }
}

/** Who serves from the store now, by name. */
export async function livePeers(store: TenantStore): Promise<readonly Peer[]> {
  const { records } = await store.list<Peer>(kind, { limit: most })
  return records.map(({ value }) => value).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function issuerDiffers(self: PeerSelf, stranger: Peer): CommandFailure {
  return new CommandFailure({
    failed: 'config',
    code: 'issuer_differs',
    message: `${stranger.name} (${stranger.host}, process ${stranger.pid}) serves another issuer from this store.`,
    expected: stranger.issuer,
    got: self.issuer,
    hint: `Set authority.issuer alike everywhere; one that has ended is forgotten after ${silenceSeconds} s.`,
  })
}

function nameTaken({ name, host, folder, pid }: Peer): CommandFailure {
  return new CommandFailure({
    failed: 'config',
    code: 'process_name_taken',
    message: `Another process of this store is named ${name}.`,
    expected: 'a name of its own for each',
    got: `process ${pid} on ${host}, ${folder}`,
    hint: `Give --name or process.name; one that has ended is forgotten after ${silenceSeconds} s.`,
  })
}
