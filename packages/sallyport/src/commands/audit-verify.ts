import { embeddedLines, verifyAuditTrail } from '@sallyport/store'
import { homeOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { dataFailure } from '../composition/data.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const { audit, authorityDatabase } = homeOf(invocation, terminal)
  const verdict = await verifyAuditTrail(embeddedLines(authorityDatabase, audit)).catch((error: unknown) =>
    Promise.reject(dataFailure(error)),
  )
  if (verdict.intact) {
    return { text: `${verdict.records} records, none changed and none missing. ${audit}`, data: { ...verdict } }
  }
  const found = verdict.problems.map(
    ({ found: what, line, seq }) => `line ${line}: ${what}${seq === undefined ? '' : ` (record ${seq})`}`,
  )
  return {
    failed: 'failed',
    code: 'audit_broken',
    message: `The audit trail was tampered with:\n  ${found.slice(0, 20).join('\n  ')}`,
    hint: `Keep ${audit} as it is and look at who could write it.`,
  }
}
