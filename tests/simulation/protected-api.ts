import type { RevocationEntry } from '@sallyport/credentials'
import { revocationStream } from '../../packages/authority/src/revocations.ts'
import { revocationEntries } from '../../packages/credentials/src/revocation-entries.ts'
import type { HeldAccess, Ledger } from './ledger.ts'
import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'

/** From a revocation's acknowledgement to the refusal everywhere (README: under a second). */
const feedBoundMs = 1000
const slowestFeedMs = 900

/** An API that accepts JWTs by what the revocation feed told it so far, a moment behind the authority. */
export class ProtectedApi {
  readonly #entries = revocationEntries(100_000)
  readonly #schedule: Schedule
  readonly #random: SeededRandom
  readonly #ledger: Ledger
  #seq = 0

  constructor(schedule: Schedule, random: SeededRandom, ledger: Ledger) {
    this.#schedule = schedule
    this.#random = random
    this.#ledger = ledger
  }

  /** Hears of every revocation within the bound, later than the authority itself. */
  follow(): void {
    this.#ledger.database.watch(revocationStream, () =>
      this.#schedule.after(this.#random.below(slowestFeedMs), 'the feed reaches the API', () => this.#read()),
    )
  }

  #read(): void {
    const { nowSeconds } = this.#schedule
    const page = this.#ledger.database.read<RevocationEntry>(revocationStream, this.#seq, 500)
    this.#seq = page.entries.at(-1)?.seq ?? this.#seq
    this.#entries.add(
      page.entries.map(({ value }) => value),
      nowSeconds,
    )
    this.#entries.prune(nowSeconds)
  }

  /** Judges a token as a guard does, and tells the ledger when it was accepted too late. */
  use(access: HeldAccess): void {
    const { nowMs } = this.#schedule
    const { jti, family, clientId, iat } = access
    if (access.expiresAtMs <= nowMs || this.#entries.isDead({ jti, family, clientId, iat })) return
    this.#ledger.count('uses of a JWT that were accepted')
    for (const name of [`family ${family}`, `token ${jti}`, `client ${clientId}`]) {
      const at = this.#ledger.revokedAtMs(name)
      this.#ledger.must(
        at === undefined || nowMs - at <= feedBoundMs || (name.startsWith('client') && access.issuedAtMs > at),
        'nothing revoked is accepted after its bound',
        `the API accepted ${jti} ${nowMs - (at ?? 0)} ms after the end of its ${name}`,
      )
    }
  }
}
