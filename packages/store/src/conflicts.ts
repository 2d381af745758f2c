import type { Write } from './contract.ts'
import { StoreError } from './store-error.ts'

/** The record whose condition did not hold. @param at the place of its write */
export function conflictOf(writes: readonly Write[], at: number): { kind: string; key: string } {
  const write = writes[at]
  const record =
    write !== undefined && ('insert' in write ? write.insert : 'replace' in write ? write.replace : undefined)
  return record ? { kind: record.kind, key: record.key } : { kind: '', key: '' }
}

/** What `take` throws when a condition among its effects did not hold. */
export function conflictError({ kind }: { kind: string }): StoreError {
  const problem = `Nothing was taken: a record of the kind ${kind} among the effects was written by someone else meanwhile.`
  return new StoreError('conflict', problem, 'Peek again and judge again.')
}
