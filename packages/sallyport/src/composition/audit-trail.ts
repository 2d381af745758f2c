import { existsSync } from 'node:fs'
import type { Log } from '@sallyport/server'
import { type CheckpointSigner, Checkpoints, type Store } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Settings } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'
import { openAuditSigner } from './audit-signer.ts'
import { tenant } from './authority.ts'
import { nowSeconds } from './clock.ts'
import { dataFailure } from './data.ts'
import { openDurableStore, storePlace } from './durable-store.ts'
import { masterKeyOf } from './master-key.ts'

/** Has checkpoints of the audit trail written while this process serves. @returns how to stop, with a last one */
export async function startCheckpoints(store: Store, settings: Settings, log: Log): Promise<() => Promise<void>> {
  const { keepSeconds } = settings.audit
  const checkpoints = new Checkpoints({
    store,
    signer: await openAuditSigner(store.of(tenant)),
    holder: settings.process.name,
    nowSeconds,
    ...(keepSeconds !== undefined && { keepSeconds }),
    onTrouble: error => log.error('audit_checkpoint_failed', { reason: String(error) }),
  })
  return () => checkpoints.stop()
}

/** The trail of an installation, for a command. */
export interface OpenedTrail {
  readonly store: Store
  readonly signer: CheckpointSigner
  /** For people. */
  readonly where: string
}

/** Does something with the trail of this home, or of all processes that share the authority's store. @throws CommandFailure */
export async function withTrail<T>(
  home: Home,
  settings: Settings,
  work: (trail: OpenedTrail) => Promise<T>,
): Promise<T> {
  const place = storePlace('authority', home, settings)
  if (place.kind === 'sqlite' && !existsSync(home.authorityDatabase)) {
    throw new CommandFailure({
      failed: 'config',
      code: 'not_started',
      message: `Nothing was started from ${home.folder}.`,
      hint: 'Run npm start, or name the data folder with --home or $SALLYPORT_HOME.',
    })
  }
  try {
    // Only read: it may be looked at while another process writes it, and evidence stays as it is found.
    const as = { masterKey: masterKeyOf(home, settings), writer: undefined }
    const store = await openDurableStore(place, home, settings, as)
    try {
      const signer = await openAuditSigner(store.of(tenant))
      return await work({ store, signer, where: place.kind === 'sqlite' ? home.audit : place.where })
    } finally {
      await store.close()
    }
  } catch (error) {
    throw dataFailure(error)
  }
}
