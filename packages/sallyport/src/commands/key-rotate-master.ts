import { existsSync } from 'node:fs'
import { homeOf, settingsOf } from '../client/installation.ts'
import { CommandFailure, type Invocation, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { tenant } from '../composition/authority.ts'
import { nowSeconds } from '../composition/clock.ts'
import { dataFailure, openData } from '../composition/data.ts'
import type { StoreName } from '../composition/durable-store.ts'
import type { Settings } from '../configuration/load.ts'
import { readDemoFile } from '../demo/demo-file.ts'
import type { Home } from '../home/home.ts'

/** What a new key in this home's file would do: the other processes could not open what is sealed under it. */
const keyOfOneHome = (home: Home): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'master_key_not_shared',
    message: `Several processes share the store, and the master key is a file of ${home.folder}.`,
    expected: 'SALLYPORT_MASTER_KEY: the new key, a comma and the old one, in every process',
    hint: 'Give them all both keys so, restart them one by one, then run this again.',
  })

/** All that is sealed under the key: what is left out here could not be opened any more, two rotations later. */
function storesOf(home: Home, { store, app }: Settings): readonly StoreName[] {
  const hasPage = app.files !== undefined || readDemoFile(home) !== undefined
  const hasBff = hasPage || (store.bff === 'sqlite' && existsSync(home.bffDatabase))
  return hasBff ? ['authority', 'bff'] : ['authority']
}

/**
 * Puts a new master key in front and seals every record again under it. The serving process finds the new key in the file
 * when it meets a record that needs it, so nothing stops. A key that is given by the environment is changed there, and only
 * what is sealed under an older one is sealed again here.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const settings = settingsOf(invocation, terminal)
  const data = await openData(home, settings, { writer: 'command-line', stores: storesOf(home, settings) })
  try {
    const isOurs = settings.store.masterKey === undefined
    if (isOurs && data.authority?.place.shared === true) throw keyOfOneHome(home)
    if (isOurs) data.masterKey.begin()
    const resealed = ((await data.authority?.store.reseal()) ?? 0) + ((await data.bff?.store.reseal()) ?? 0)
    if (isOurs) data.masterKey.settle()
    const id = data.masterKey.id()
    await data.authority?.store.audit.append({
      at: nowSeconds(),
      tenant,
      actor: 'command-line',
      action: 'master-key.rotate',
      target: id,
      outcome: 'done',
    })
    const rest = isOurs
      ? 'No restart.'
      : 'Older keys can go from the environment once every process has this one in front.'
    return {
      text: `Master key ${id} seals now; ${resealed} records were sealed again. ${rest}`,
      data: { id, resealed },
    }
  } catch (error) {
    throw dataFailure(error)
  } finally {
    await data.close()
  }
}
