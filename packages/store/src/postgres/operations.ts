import type { EncodedWrite } from '../record-codec.ts'
import type { Operation } from './group-writer.ts'
import { shelfOf } from './shelf.ts'

type Place = readonly [shelf: string, key: string]

/** @param tenant as spelled, as all names. @param audit the record that goes with it, as rendered */
export function takeOperation(
  [tenant, kind, key]: readonly [tenant: string, kind: string, key: string],
  writes: readonly EncodedWrite[],
  audit: string | undefined,
): Operation {
  const shelf = shelfOf(tenant, kind)
  const undoable = writes.some(isConditional) ? { undoable: true } : {}
  const rendered = writes.map(write => renderWrite(tenant, write))
  return {
    text: JSON.stringify({ do: 'take', tenant, shelf, key, writes: rendered, audit, ...undoable }),
    records: [[shelf, key], ...placesOf(tenant, writes)],
    streams: streamsOf(tenant, writes),
  }
}

export function commitOperation(tenant: string, writes: readonly EncodedWrite[], audit?: string): Operation {
  // Only what can fail after something was written needs to be undone.
  const undoable = writes.slice(1).some(isConditional) ? { undoable: true } : {}
  const rendered = writes.map(write => renderWrite(tenant, write))
  return {
    text: JSON.stringify({ do: 'commit', tenant, writes: rendered, audit, ...undoable }),
    records: placesOf(tenant, writes),
    streams: streamsOf(tenant, writes),
  }
}

export function claimOperation(tenant: string, kind: string, hash: string, expiresAt: number): Operation {
  const text = JSON.stringify({ do: 'claim', tenant, kind, shelf: shelfOf(tenant, kind), hash, expiresAt })
  return { text, records: [], streams: [] }
}

/** A sealed text for another of the same record, if that is still there. */
export function resealOperation([shelf, key]: Place, value: string, next: string): Operation {
  return { text: JSON.stringify({ do: 'reseal', shelf, key, value, next }), records: [[shelf, key]], streams: [] }
}

function isConditional(write: EncodedWrite): boolean {
  return write.how === 'insert' || write.how === 'replace'
}

function renderWrite(tenant: string, write: EncodedWrite) {
  if (write.how === 'append') {
    const { how, stream, value, expiresAt } = write
    return { how, shelf: shelfOf(tenant, stream), value, expiresAt }
  }
  const shelf = shelfOf(tenant, write.kind)
  if (write.how === 'remove') return { how: write.how, shelf, key: write.key }
  const { how, kind, key, value, expiresAt } = write
  // What is no version is no record's, as in the other adapters.
  const version = Number.isSafeInteger(write.version) ? write.version : undefined
  const index = write.index.map(([name, of]) => [shelfOf(tenant, kind, name, of), name, of])
  return { how, shelf, kind, key, value, expiresAt, version, ...(index.length > 0 && { index }) }
}

function placesOf(tenant: string, writes: readonly EncodedWrite[]): readonly Place[] {
  return writes.flatMap(write => (write.how === 'append' ? [] : [[shelfOf(tenant, write.kind), write.key] as const]))
}

function streamsOf(tenant: string, writes: readonly EncodedWrite[]): Operation['streams'] {
  return writes.flatMap(write =>
    write.how === 'append' ? [[shelfOf(tenant, write.stream), tenant, write.stream] as const] : [],
  )
}
