/** From when on requests are turned away. */
export interface AdmissionRules {
  /** So many in flight are no crowd: while there are fewer, every request is let in, however slow the machine is. */
  readonly few: number
  /** More are never in flight. */
  readonly most: number
  /** Work that always waits longer than this, milliseconds, is more than can be done. */
  readonly delayMs: number
  /** How long "always" is, milliseconds. */
  readonly intervalMs: number
}

/**
 * The same for every listener. `few` is a quarter more than one process is measured with (256 connections), so that a full
 * load is no overload: a connection's next request may be here before its last answer counts as gone.
 */
export const admissionRules: AdmissionRules = { few: 320, most: 4096, delayMs: 25, intervalMs: 100 }

/** After an interval in which all work waited too long, this much more is turned away; after another, this much less. */
const [steeper, milder] = [0.5, 0.1] as const

/**
 * Lets in what can be answered in time, so that overload costs those who come too much and not everybody. It is told how
 * long work waits, and looks at the shortest wait of an interval as CoDel does: a burst that is worked off, or one pause of
 * the process, leaves a short one; a standing queue does not. While it stands, a share of the requests over `few` is turned
 * away, evenly. Pure: time is an argument.
 *
 * @see RFC 8289 §3 (controlled delay), RFC 9110 §15.6.4 (503), docs/decisions/0016
 */
export class Admission {
  readonly #rules: AdmissionRules
  #inFlight = 0
  #share = 0
  #credit = 0
  #shortestMs = Number.POSITIVE_INFINITY
  #endsAtMs = 0

  constructor(rules: AdmissionRules = admissionRules) {
    this.#rules = rules
  }

  /**
   * Decides about one request; one that is let in is in flight until `left`.
   *
   * @param isFirst  turned away only when twice `most` are in flight: for what ends something, such as a revocation
   */
  enter(isFirst: boolean): boolean {
    const { few, most } = this.#rules
    const isIn =
      this.#inFlight < few || (isFirst ? this.#inFlight < 2 * most : this.#inFlight < most && this.#isOneOfThose())
    if (isIn) this.#inFlight += 1
    return isIn
  }

  /** So many that were let in are answered, or gone. */
  left(count = 1): void {
    this.#inFlight -= count
  }

  /** Work waited so long for its turn. */
  waited(delayMs: number, nowMs: number): void {
    const { intervalMs } = this.#rules
    if (nowMs >= this.#endsAtMs) {
      const isStale = nowMs >= this.#endsAtMs + intervalMs || this.#shortestMs === Number.POSITIVE_INFINITY
      if (isStale) this.#share = 0
      else this.#judge()
      this.#shortestMs = Number.POSITIVE_INFINITY
      this.#endsAtMs = nowMs + intervalMs
    }
    this.#shortestMs = Math.min(this.#shortestMs, delayMs)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Share of the requests over `few` that is turned away now, 0 to 1. */
  get share(): number {
    return this.#share
  }

  #judge(): void {
    const isStanding = this.#shortestMs > this.#rules.delayMs
    this.#share = isStanding ? Math.min(1, this.#share + steeper) : Math.max(0, this.#share - milder)
  }

  #isOneOfThose(): boolean {
    this.#credit += 1 - this.#share
    if (this.#credit < 1) return false
    this.#credit -= 1
    return true
  }
}
