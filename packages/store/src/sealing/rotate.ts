import type { MasterKey } from './master-key.ts'

/**
 * Changes the master key while everything serves: a new key seals from now on, what is stored is sealed again, and
 * then all older keys but the one before are forgotten. Other processes on the same files learn of the new key when
 * they meet the first value that is sealed with it; what they seal meanwhile opens with the key before, and the next
 * rotation seals it again. A rotation that was interrupted is finished by the next one.
 *
 * @param stores every store that is sealed under this key
 * @returns the new key's id and how many records were sealed again
 * @throws StoreError `unusable_key` when the key is given by the environment; `wrong_key` or `unsealed` for a value that
 *   no key opens, before any key is forgotten
 */
export async function rotateMasterKey(
  masterKey: MasterKey,
  stores: readonly { reseal(): Promise<number> }[],
): Promise<{ keyId: string; resealed: number }> {
  masterKey.begin()
  let resealed = 0
  for (const store of stores) resealed += await store.reseal()
  masterKey.settle()
  return { keyId: masterKey.id(), resealed }
}
