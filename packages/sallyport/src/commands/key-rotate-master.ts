import { homeOf, settingsOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { tenant } from '../composition/authority.ts'
import { nowSeconds } from '../composition/clock.ts'
import { dataFailure, openData } from '../composition/data.ts'
import type { StoreName } from '../composition/durable-store.ts'
import { readDemoFile } from '../demo/demo-file.ts'

/**
 * Puts a new master key in front and seals every record again under it. The serving process finds the new key in the file
 * when it meets a record that needs it, so nothing stops.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const settings = settingsOf(invocation, terminal)
  const stores: readonly StoreName[] = readDemoFile(home) === undefined ? ['authority'] : ['authority', 'bff']
  const data = await openData(home, settings, { writer: 'command-line', stores })
  try {
    data.masterKey.begin()
    const resealed = ((await data.authority?.store.reseal()) ?? 0) + ((await data.bff?.store.reseal()) ?? 0)
    data.masterKey.settle()
    const id = data.masterKey.id()
    await data.authority?.store.audit.append({
      at: nowSeconds(),
      tenant,
      actor: 'command-line',
      action: 'master-key.rotate',
      target: id,
      outcome: 'done',
    })
    return {
      text: `Master key ${id} seals now; ${resealed} records were sealed again. No restart.`,
      data: { id, resealed },
    }
  } catch (error) {
    throw dataFailure(error)
  } finally {
    await data.close()
  }
}
