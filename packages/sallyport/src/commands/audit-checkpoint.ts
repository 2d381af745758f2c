import { CheckpointLog } from '@sallyport/store'
import { homeOf, settingsOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { withTrail } from '../composition/audit-trail.ts'

/** Prints the newest checkpoint of the audit trail, to be kept where nobody who can write the trail can reach. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  return withTrail(homeOf(invocation, terminal), settingsOf(invocation, terminal), async ({ store }) => {
    const newest = await new CheckpointLog(store).newest()
    if (newest !== undefined) return { text: JSON.stringify(newest), data: { ...newest } }
    return {
      failed: 'failed',
      code: 'no_checkpoint',
      message: 'The audit trail has no checkpoint yet.',
      hint: 'A running system writes one a minute after the first record, and another when it is stopped.',
    }
  })
}
