import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type AuditProblem, type SignedCheckpoint, type StoreVerdict, verifyStore } from '@sallyport/store'
import { homeOf, settingsOf } from '../client/installation.ts'
import { CommandFailure, flag, type Invocation, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { withTrail } from '../composition/audit-trail.ts'

/**
 * Judges the audit trail: changed, missing, reordered and cut records, and the checkpoints over them. Exit code 0 when it
 * is whole, 1 when it is not.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const file = flag(invocation, 'checkpoint')
  const kept = file === undefined ? undefined : readKept(resolve(terminal.directory, file))
  return withTrail(homeOf(invocation, terminal), settingsOf(invocation, terminal), async ({ store, signer, where }) => {
    const verdict = await verifyStore(store, signer, kept)
    if (verdict.intact) return { text: `${said(verdict)} ${where}`, data: { ...verdict } }
    return {
      failed: 'failed',
      code: 'audit_broken',
      message: `The audit trail was tampered with:\n  ${verdict.problems.slice(0, 20).map(shown).join('\n  ')}`,
      hint: `Keep ${where} as it is and look at who could write it.`,
    }
  })
}

function said({ records, checkpoints, coveredUntil }: StoreVerdict): string {
  const whole = `${records} records, none changed and none missing; ${checkpoints} signed checkpoints`
  if (coveredUntil === undefined) return `${whole}, so a cut at the end would not show.`
  return `${whole}, the newest of ${new Date(coveredUntil * 1000).toISOString()}; a cut behind that would not show.`
}

function shown({ found, line, writer, seq }: AuditProblem): string {
  if (line === 0) return `checkpoint ${seq}: ${found}`
  return `line ${line}: ${found}${seq === undefined ? '' : ` (record ${seq} of ${writer})`}`
}

function readKept(path: string): SignedCheckpoint {
  try {
    const { text, signature }: Partial<SignedCheckpoint> = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof text !== 'string' || typeof signature !== 'string') throw new TypeError('it is no checkpoint')
    JSON.parse(text)
    return { text, signature }
  } catch (error) {
    throw new CommandFailure({
      failed: 'usage',
      code: 'checkpoint_unreadable',
      message: `${path} is not a checkpoint that can be read.`,
      expected: 'what `sallyport audit checkpoint` wrote',
      got: error instanceof Error && 'code' in error ? String(error.code) : 'something else',
      hint: 'Name a file that it was kept in.',
    })
  }
}
