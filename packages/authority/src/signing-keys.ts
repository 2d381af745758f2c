import {
  announceKey,
  emptyKeyRing,
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  type KeyRing,
  type PrivateJwk,
  planRotation,
  type RingKey,
  type RotationSchedule,
  rotateNow,
  type SigningAlgorithm,
  type SigningKey,
  signingKey,
  withoutKey,
} from '@sallyport/credentials'
import type { Stored, TenantStore, Write } from '@sallyport/store'
import type { AuthorityKeys, AuthorityLog } from './context.ts'

/** Where every process of the authority learns that the ring changed. */
const stream = 'signing-keys'

/** Announced for a day, signing for 30, verifying for an hour: longer than any token lives and anyone caches the JWKS. */
export const defaultSchedule: RotationSchedule = {
  announceSeconds: 86_400,
  signSeconds: 2_592_000,
  retireSeconds: 3600,
}

export interface SigningKeysOptions {
  /** Opened with `signing-key` among its sealed kinds. */
  readonly store: TenantStore
  /** Unix seconds. */
  readonly now: () => number
  readonly log: AuthorityLog
  readonly schedule?: RotationSchedule
}

export interface SigningKeys extends AuthorityKeys {
  close(): void
}

/** The ring at rest. Stored sealed as kind `signing-key`, key `ring`. */
interface StoredRing {
  readonly keys: readonly (Omit<RingKey, 'key'> & { readonly jwk: PrivateJwk; readonly algorithm: SigningAlgorithm })[]
}

/**
 * The authority's keys, kept in the store and shared by all its processes. A change is one conditional write, so of two
 * processes that rotate at once one wins and the other takes over what it did. The first start makes an ES256 key; keys of
 * other algorithms are made when something is first signed with them.
 *
 * @throws what the store throws when it cannot be opened or unsealed
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const keys = new StoredKeys(options)
  await keys.signing('ES256')
  return keys
}

class StoredKeys implements SigningKeys {
  readonly #options: SigningKeysOptions
  readonly #schedule: RotationSchedule
  readonly #unwatch: () => void
  #ring: KeyRing = emptyKeyRing
  #version: number | undefined
  #known: ReadonlyMap<string, SigningKey> = new Map()

  constructor(options: SigningKeysOptions) {
    this.#options = options
    this.#schedule = options.schedule ?? defaultSchedule
    this.#unwatch = options.store.watch(stream, () => {
      this.#load().catch((error: unknown) => options.log.error('signing_keys_unreadable', { cause: error }))
    })
  }

  ring(): KeyRing {
    return this.#ring
  }

  async signing(algorithm: SigningAlgorithm): Promise<SigningKey> {
    const now = this.#options.now()
    const known = signingKey(this.#ring, algorithm, now)
    if (known !== undefined) return known
    let fresh: SigningKey | undefined
    return this.#change('signing_key_made', ring => {
      const made = signingKey(ring, algorithm, now)
      if (made !== undefined) return { ring, key: made }
      fresh ??= generateSigningKey(algorithm)
      return { ring: announceKey(ring, fresh, now, this.#schedule), key: fresh }
    })
  }

  async rotate(algorithm: SigningAlgorithm): Promise<SigningKey> {
    const now = this.#options.now()
    const fresh = generateSigningKey(algorithm)
    return this.#change('signing_key_rotated', ring => {
      const rotated = rotateNow(ring, algorithm, now, this.#schedule, () => fresh)
      return { ring: rotated, key: signingKey(rotated, algorithm, now) ?? fresh }
    })
  }

  async withdraw(kid: string): Promise<void> {
    await this.#change('signing_key_withdrawn', ring => ({ ring: withoutKey(ring, kid), key: undefined }))
  }

  async tick(): Promise<void> {
    await this.#load()
    const now = this.#options.now()
    const planned = planRotation(this.#ring, now, this.#schedule)
    if (planned.announce.length === 0 && planned.remove.length === 0) return
    const fresh = new Map(planned.announce.map(algorithm => [algorithm, generateSigningKey(algorithm)]))
    await this.#change('signing_keys_scheduled', current => {
      const plan = planRotation(current, now, this.#schedule)
      const pruned = plan.remove.reduce(withoutKey, current)
      const ring = plan.announce.reduce((before, algorithm) => {
        const key = fresh.get(algorithm)
        return key === undefined ? before : announceKey(before, key, now, this.#schedule)
      }, pruned)
      return { ring, key: undefined }
    })
  }

  close(): void {
    this.#unwatch()
  }

  /** Applies `step` to the ring as it is in the store, again when another process was faster. */
  async #change<K>(event: string, step: (ring: KeyRing) => { ring: KeyRing; key: K }): Promise<K> {
    for (;;) {
      await this.#load()
      const { ring, key } = step(this.#ring)
      if (ring === this.#ring) return key
      const committed = await this.#options.store.commit(this.#writes(ring))
      if ('conflict' in committed) continue
      await this.#load()
      this.#options.log.info(event, { kids: ring.keys.map(entry => entry.key.kid) })
      return key
    }
  }

  #writes(ring: KeyRing): readonly Write[] {
    const value: StoredRing = {
      keys: ring.keys.map(({ key, ...times }) => ({ ...times, algorithm: key.algorithm, jwk: exportPrivateJwk(key) })),
    }
    const record = { kind: 'signing-key', key: 'ring', value }
    const expiresAt = this.#options.now() + 3600
    return [
      this.#version === undefined ? { insert: record } : { replace: record, version: this.#version },
      { append: { stream, value: { kids: ring.keys.map(entry => entry.key.kid) }, expiresAt } },
    ]
  }

  async #load(): Promise<void> {
    const stored: Stored<StoredRing> | undefined = await this.#options.store.peek<StoredRing>('signing-key', 'ring')
    if (stored === undefined || stored.version === this.#version) return
    const keys = stored.value.keys.map(({ jwk, algorithm, announcedAt, signsAt, retiresAt, removesAt }) => ({
      key: this.#import(jwk, algorithm),
      announcedAt,
      signsAt,
      retiresAt,
      removesAt,
    }))
    this.#ring = { keys }
    this.#known = new Map(keys.map(({ key }) => [key.kid, key]))
    this.#version = stored.version
  }

  #import(jwk: PrivateJwk, algorithm: SigningAlgorithm): SigningKey {
    const known = this.#known.get(jwk.kid ?? '')
    if (known !== undefined) return known
    const key = importPrivateJwk(jwk, algorithm)
    if ('refused' in key) throw new Error(`the stored ${algorithm} key was refused: ${key.expected} / ${key.got}`)
    return key
  }
}
