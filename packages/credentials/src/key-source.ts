import type { SigningAlgorithm } from './algorithms.ts'
import type { VerifyKey } from './jwk.ts'

/** A value that may come later; what is known already is not made to wait. */
export type MaybePromise<T> = T | Promise<T>

/** Where verification keys come from. */
export interface KeySource {
  /**
   * The key of that name that may verify `alg`. Without a name (RFC 7515 §4.1.4 leaves it optional): the only key that fits.
   *
   * @returns `unknown` when no key or more than one fits, `unavailable` when the keys could not be had
   */
  find(kid: string | undefined, alg: SigningAlgorithm): MaybePromise<VerifyKey | 'unknown' | 'unavailable'>
  /**
   * Asked after a signature by `key` failed: the material that an issuer has since put under the same name, if any.
   */
  renewed?(key: VerifyKey): MaybePromise<VerifyKey | undefined>
  /** The names known and how old the knowledge is, for the operator's log. */
  describe?(): string
}

/** The keys given, for ever. */
export function fixedKeys(keys: readonly VerifyKey[]): KeySource {
  return {
    find: (kid, alg) => selectKey(keys, kid, alg) ?? 'unknown',
    describe: () => keys.map(key => key.kid).join(', '),
  }
}

/**
 * The one key that fits. Two keys of one name but different material make the name worthless: neither is used, unless
 * only one fits the algorithm (RFC 7517 §4.5).
 */
export function selectKey(
  keys: readonly VerifyKey[],
  kid: string | undefined,
  alg: SigningAlgorithm,
): VerifyKey | undefined {
  let found: VerifyKey | undefined
  for (const key of keys) {
    if ((kid !== undefined && key.kid !== kid) || !key.algorithms.includes(alg)) continue
    if (found !== undefined && found.thumbprint !== key.thumbprint) return undefined
    found = key
  }
  return found
}
