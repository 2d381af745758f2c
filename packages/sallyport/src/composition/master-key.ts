import { type MasterKey, openMasterKey } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import type { Home } from '../home/home.ts'

/** The master key: the configuration's, which all machines share, or the one of this home. @throws StoreError */
export const masterKeyOf = (home: Home, { store }: Settings): MasterKey =>
  openMasterKey({ home: home.folder, environment: { SALLYPORT_MASTER_KEY: store.masterKey } })
