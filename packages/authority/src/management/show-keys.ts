import { type KeyRing, keyState } from '@sallyport/credentials'

/** The keys of a ring with where each is in its life; no private member of any. */
export function showKeys(ring: KeyRing, nowSeconds: number): readonly Readonly<Record<string, unknown>>[] {
  return ring.keys.map(entry => {
    const { key, announcedAt, signsAt, retiresAt, removesAt } = entry
    return {
      kid: key.kid,
      alg: key.algorithm,
      state: keyState(entry, nowSeconds),
      announced_at: announcedAt,
      signs_from: signsAt,
      ...(retiresAt === undefined ? {} : { signs_until: retiresAt }),
      ...(removesAt === undefined ? {} : { verifies_until: removesAt }),
    }
  })
}
