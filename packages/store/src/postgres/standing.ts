import type { Sealer } from '../sealing/sealer.ts'
import { openKeyCheck } from './key-check.ts'
import type { Standing } from './reader.ts'

/**
 * What a replica may be behind. Every authority of a shared store commits every few seconds, that it is there; so one that
 * has nothing newer gets nothing any more.
 */
const MOST_BEHIND_SECONDS = 60

/** What an operator may hear of a replica, once for each change. Whatever it is, each page is answered. */
export interface ReplicaAlarm {
  /** `ready`: it answers from now on; else the primary does, because the replica is away, old, or no copy of this store. */
  readonly what: 'ready' | 'lost' | 'behind' | 'no_copy'
  readonly message: string
}

/** Whether a server that answered may be read from: a standby, of this very store, that is not left behind. */
export function judgeStanding(standing: Standing, sealer: Sealer, where: string): ReplicaAlarm {
  const { isStandby, secondsBehind, keyCheck } = standing
  if (!isStandby) return { what: 'no_copy', message: `${where} is no standby. Name one of the primary.` }
  try {
    openKeyCheck(keyCheck, sealer)
  } catch {
    return { what: 'no_copy', message: `${where} has another store. Name a standby of the primary.` }
  }
  if (secondsBehind !== undefined && secondsBehind <= MOST_BEHIND_SECONDS)
    return { what: 'ready', message: `${where} answers pages that may lag.` }
  const age = secondsBehind === undefined ? 'has replayed nothing since its start' : `is ${secondsBehind} s behind`
  return { what: 'behind', message: `${where} ${age}. Look at its replication.` }
}
