import { join } from 'node:path'
import {
  importPrivateJwk,
  isRefusal,
  type PrivateJwk,
  type SigningAlgorithm,
  type SigningKey,
} from '@sallyport/credentials'
import { createSealer, openMasterKey, openSqliteStore } from '@sallyport/store'
import { tenant } from '../../packages/sallyport/src/composition/authority.ts'
import { nowSeconds } from '../code-flow.ts'

/**
 * The authority's own signing key, out of its data folder. With it a test signs tokens that are right in all but one
 * claim, so that a refusal can only come from that claim.
 */
export async function stolenKey(home: string, wanted: SigningAlgorithm = 'ES256'): Promise<SigningKey> {
  const sealer = createSealer(openMasterKey({ home, environment: {} }), 'authority')
  const path = join(home, 'authority.db')
  const store = await openSqliteStore({ path, nowSeconds, sealer, sealedKinds: ['signing-key'] })
  try {
    const ring = await store
      .of(tenant)
      .peek<{ readonly keys: readonly { readonly jwk: PrivateJwk; readonly algorithm: string }[] }>(
        'signing-key',
        'ring',
      )
    const kept = ring?.value.keys.find(({ algorithm }) => algorithm === wanted)
    const key = importPrivateJwk(kept?.jwk, wanted)
    if (isRefusal(key)) throw new Error(`no ${wanted} key in ${path}: ${key.refused}`)
    return key
  } finally {
    await store.close()
  }
}
