import { embeddedLines, verifyAuditTrail } from '@sallyport/store'
import { homeOf, settingsOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { dataFailure } from '../composition/data.ts'
import { openDurableStore, storePlace } from '../composition/durable-store.ts'
import { masterKeyOf } from '../composition/master-key.ts'
import type { Settings } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const { where, verdict } = await verified(home, settingsOf(invocation, terminal)).catch((error: unknown) =>
    Promise.reject(dataFailure(error)),
  )
  if (verdict.intact) {
    return { text: `${verdict.records} records, none changed and none missing. ${where}`, data: { ...verdict } }
  }
  const found = verdict.problems.map(
    ({ found: what, line, seq }) => `line ${line}: ${what}${seq === undefined ? '' : ` (record ${seq})`}`,
  )
  return {
    failed: 'failed',
    code: 'audit_broken',
    message: `The audit trail was tampered with:\n  ${found.slice(0, 20).join('\n  ')}`,
    hint: `Keep ${where} as it is and look at who could write it.`,
  }
}

/** The file of this home, or the trail of all processes that share the authority's store. */
async function verified(home: Home, settings: Settings) {
  const place = storePlace('authority', home, settings)
  if (place.kind === 'sqlite')
    return { where: home.audit, verdict: await verifyAuditTrail(embeddedLines(home.authorityDatabase, home.audit)) }
  const as = { masterKey: masterKeyOf(home, settings), writer: 'command-line' }
  const store = await openDurableStore(place, home, settings, as)
  try {
    return { where: place.where, verdict: await verifyAuditTrail(store.audit.lines()) }
  } finally {
    await store.close()
  }
}
