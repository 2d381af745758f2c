import type { Along, AuditRecord, Effects, Page, PeekedWith, References, TenantStore, Write } from '@sallyport/store'
import { renderRecord } from '../../packages/store/src/audit/record.ts'
import { lookBehind, peekAlong, peekEach } from '../../packages/store/src/references.ts'
import { checkWrite, type SimulatedDatabase } from './simulated-database.ts'

/** Has a verb reach the database, once or never, sooner or later, and brings back what it said, if anything. */
export type Carry = <T>(label: string, verb: () => T) => Promise<T>

/**
 * The storage contract on a simulated database.
 *
 * @param carry  what happens on the way there and back
 * @param reads  whether reads go that way too, or answer at once as an embedded store's do
 */
export function simulatedStore(database: SimulatedDatabase, carry: Carry, reads: 'carried' | 'at once'): TenantStore {
  const read = <T>(label: string, verb: () => T) => (reads === 'at once' ? verb() : carry(label, verb))
  return {
    peek: <V>(kind: string, key: string) => read(`peek ${kind}`, () => database.peek<V>(kind, key)),
    peekWith: <P extends PeekedWith>(kind: string, key: string, references: References) =>
      read(`peek ${kind}`, () => {
        const found = peekEach((ofKind, named) => database.peek(ofKind, named), kind, key, references)
        return found as P | undefined
      }),
    take: async <V>(kind: string, key: string, { put, audit, along }: Effects) => {
      for (const write of put) checkWrite(write)
      const record = copied(audit)
      const taken = await carry(`take ${kind}`, () => database.take<V>(kind, key, put, record))
      if (along === undefined || !('won' in taken)) return taken
      // Others may commit in between, and the look may fail.
      const look = () => peekAlong((of, named) => database.peek(of, named), taken.won, along) as Along
      return { ...taken, along: await lookBehind(() => read(`look behind ${kind}`, look)) }
    },
    claim: (kind, hash, expiresAt) => carry(`claim ${kind}`, () => database.claim(kind, hash, expiresAt)),
    commit: async (writes, vouched) => {
      for (const write of writes) checkWrite(write)
      const record = copied(vouched?.audit)
      const names = [...writes.map(nameOf), ...(record === undefined ? [] : [record.action])]
      return carry(`commit ${names.join(' ')}`, () => database.commit(writes, record))
    },
    list: <V>(kind: string, page: Page) => read(`list ${kind}`, () => database.list<V>(kind, page)),
    read: <V>(stream: string, after: number, limit: number) =>
      read(`read ${stream}`, () => database.read<V>(stream, after, limit)),
    watch: (stream, onAppend) => database.watch(stream, onAppend),
  }
}

/** As it is now, as an adapter keeps it. @throws StoreError `invalid_write` */
export function copied(audit: AuditRecord | undefined): AuditRecord | undefined {
  return audit && JSON.parse(renderRecord(audit))
}

function nameOf(write: Write): string {
  if ('append' in write) return `+${write.append.stream}`
  if ('remove' in write) return `-${write.remove.kind}`
  return 'put' in write ? write.put.kind : 'insert' in write ? write.insert.kind : write.replace.kind
}
