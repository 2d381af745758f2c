import type { AuditRecord, AuditTrail } from '@sallyport/store'
import { CHAIN_START, chainLine, renderRecord } from '../../packages/store/src/audit/record.ts'
import { inProcessContract } from '../../packages/store/src/contract.suite.ts'
import { SimulatedDatabase } from './simulated-database.ts'
import { type Carry, copied, simulatedStore } from './simulated-store.ts'

/** Without delays, crashes and losses it is an adapter like any other. */
const carryNow: Carry = async (_label, verb) => verb()

for (const reads of ['carried', 'at once'] as const) {
  inProcessContract(`simulated, reads ${reads}`, async nowSeconds => {
    const tenants = new Map<string, SimulatedDatabase>()
    const trail: AuditRecord[] = []
    const databaseOf = (tenant: string): SimulatedDatabase => {
      const known = tenants.get(tenant) ?? new SimulatedDatabase(nowSeconds, undefined, record => trail.push(record))
      tenants.set(tenant, known)
      return known
    }
    return {
      store: {
        audit: auditTrail(trail),
        of: tenant => simulatedStore(databaseOf(tenant), carryNow, reads),
        close: async () => tenants.clear(),
      },
      dispose: async () => tenants.clear(),
    }
  })
}

/** The records of all databases as one chain. */
function auditTrail(trail: AuditRecord[]): AuditTrail {
  return {
    append: async record => {
      const copy = copied(record)
      if (copy !== undefined) trail.push(copy)
    },
    heads: async () => {
      const last = chained(trail).at(-1)
      return last === undefined ? {} : { simulated: last.head }
    },
    droppable: async () => ({}),
    drop: async () => undefined,
    async *lines() {
      for (const { line } of chained(trail)) yield Buffer.from(`${line}\n`)
    },
  }
}

function chained(trail: readonly AuditRecord[]) {
  let head = CHAIN_START
  return trail.map(record => {
    const line = chainLine(renderRecord(record), 'simulated', head)
    head = line.head
    return line
  })
}
