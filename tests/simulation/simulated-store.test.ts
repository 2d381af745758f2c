import { inProcessContract } from '../../packages/store/src/contract.suite.ts'
import { SimulatedDatabase } from './simulated-database.ts'
import { type Carry, simulatedStore } from './simulated-store.ts'

/** Without delays, crashes and losses it is an adapter like any other. */
const carryNow: Carry = async (_label, verb) => verb()

for (const reads of ['carried', 'at once'] as const) {
  inProcessContract(`simulated, reads ${reads}`, async nowSeconds => {
    const tenants = new Map<string, SimulatedDatabase>()
    const databaseOf = (tenant: string): SimulatedDatabase => {
      const known = tenants.get(tenant) ?? new SimulatedDatabase(nowSeconds)
      tenants.set(tenant, known)
      return known
    }
    return {
      store: {
        of: tenant => simulatedStore(databaseOf(tenant), carryNow, reads),
        close: async () => tenants.clear(),
      },
      dispose: async () => tenants.clear(),
    }
  })
}
