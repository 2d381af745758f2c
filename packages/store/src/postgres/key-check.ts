import { OWN_TENANT } from '../movable.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { StoreError } from '../store-error.ts'
import type { GroupWriter } from './group-writer.ts'
import { commitOperation } from './operations.ts'
import type { Reader } from './reader.ts'

/** Where the value is. */
export const KEY_CHECK = { tenant: OWN_TENANT, kind: 'store', key: 'key-check' } as const

const CONTEXT = JSON.stringify([KEY_CHECK.tenant, KEY_CHECK.kind, KEY_CHECK.key])

/** A value sealed when the schema was made tells at each start whether the key is still the right one. */
export async function checkKey(reader: Reader, writer: GroupWriter, sealer: Sealer): Promise<void> {
  const { tenant, kind, key } = KEY_CHECK
  const stored = async () => (await reader.peek(tenant, kind, key, 0))?.value
  if ((await stored()) === undefined) {
    const value = sealer.seal('sallyport', CONTEXT)
    const write = { how: 'insert', kind, key, value, expiresAt: undefined, version: undefined, index: [] } as const
    // Another process may be first; then this one's insert is a conflict, and the other's value is what counts.
    await writer.submit(commitOperation(tenant, [write]), () => undefined)
  }
  openKeyCheck((await stored()) ?? '', sealer)
}

/** @throws StoreError `wrong_key` for a value of another store, or of none */
export function openKeyCheck(value: string, sealer: Sealer): void {
  try {
    sealer.open(value, CONTEXT)
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'unsealed') throw cause
    const problem = 'The store is sealed for another purpose, or its key check was changed.'
    throw new StoreError('wrong_key', problem, 'Give the key and purpose that it was made with.', { cause })
  }
}
