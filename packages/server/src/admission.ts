/** From when on requests are turned away. */
export interface AdmissionRules {
  /** So many in flight are no crowd: while there are fewer, and nobody is turned away, every request is let in, however slow the machine is. */
  readonly few: number
  /** What `few` shrinks to while a queue stands that turning away did not end. */
  readonly fewest: number
  /** More are never in flight. */
  readonly most: number
  /** When everything takes longer than this, milliseconds, it is more than can be done. */
  readonly delayMs: number
  /** How long "always" is, milliseconds. */
  readonly intervalMs: number
}

/**
 * The same for every listener. `few` is a quarter more than one process is measured with (256 connections), so that a full
 * load is no overload: a connection's next request may be here before its last answer counts as gone.
 */
export const admissionRules: AdmissionRules = {
  few: 320,
  fewest: 32,
  most: 4096,
  delayMs: 15,
  intervalMs: 50,
}

/**
 * So much less is turned away after an interval in which not everything took too long; after another it is all over `few` but
 * this, so that somebody always shows whether the queue is gone, whoever holds the places of the few.
 */
const milder = 0.02

/** After an interval that was too long and in which somebody was turned away, `few` is so many times what it was; after another. */
const [fewer, more] = [0.25, 1.02] as const

/** A process that worked for this share of an interval did not rest in it. */
const restless = 0.95

/**
 * Lets in what can be answered in time, so that overload costs those who come too much and not everybody. It looks at the
 * shortest wait of an interval as CoDel does: a burst that is worked off, or one pause of the process, leaves a short one; a
 * standing queue does not. A wait is a round of the process; in a process that never rests it is also how long the quickest
 * answer took, where none waits for somebody else. While a queue stands, the requests over `few` are turned away, and
 * once some are, `few` shrinks, for the others need not wait in a queue that does no more work. When it is gone, a share that
 * falls is turned away, evenly, and `few` grows; when the process rests, all is as it was. Pure: time is an argument.
 *
 * @see RFC 8289 §3 (controlled delay), RFC 9110 §15.6.4 (503), docs/decisions/0016
 */
export class Admission {
  readonly #rules: AdmissionRules
  #inFlight = 0
  #few: number
  #share = 0
  #credit = 0
  #hasTurnedAway = false
  #beganAtMs = Number.NEGATIVE_INFINITY
  #shortestMs = Number.POSITIVE_INFINITY
  /** 0 when nothing was answered: that tells nothing. */
  #quickestMs = 0
  #workedMs = 0

  constructor(rules: AdmissionRules = admissionRules) {
    this.#rules = rules
    this.#few = rules.few
  }

  /**
   * Decides about one request; one that is let in is in flight until `left`.
   *
   * @param isFirst  turned away only when twice `most` are in flight: for what ends something, such as a revocation
   */
  enter(isFirst: boolean): boolean {
    const { most } = this.#rules
    const isIn =
      this.#inFlight < this.#few ||
      (isFirst ? this.#inFlight < 2 * most : this.#inFlight < most && this.#isOneOfThose())
    if (isIn) this.#inFlight += 1
    else this.#hasTurnedAway = true
    return isIn
  }

  /** So many that were let in are gone. */
  left(count = 1): void {
    this.#inFlight -= count
  }

  /** An answer that waited for nobody else is there, so long after its request. */
  answered(afterMs: number): void {
    if (this.#quickestMs === 0 || afterMs < this.#quickestMs) this.#quickestMs = afterMs
  }

  /**
   * A round of the process took so long; all that arrived in it has waited.
   *
   * @param workedMs  how long the process has worked since it began, waits for others left out; asked once an interval
   */
  waited(delayMs: number, nowMs: number, workedMs: () => number): void {
    const passedMs = nowMs - this.#beganAtMs
    if (passedMs >= this.#rules.intervalMs) {
      const sinceMs = workedMs()
      const worked = sinceMs - this.#workedMs
      if (passedMs - worked >= this.#rules.intervalMs) this.#forget()
      else this.#judge(worked > restless * passedMs)
      this.#workedMs = sinceMs
      this.#beganAtMs = nowMs
      this.#hasTurnedAway = false
      this.#shortestMs = Number.POSITIVE_INFINITY
      this.#quickestMs = 0
    }
    if (delayMs < this.#shortestMs) this.#shortestMs = delayMs
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Share of the requests over the few that is turned away now, 0 to 1. */
  get share(): number {
    return this.#share
  }

  /** A process that rested for as long as an interval owes nobody anything. */
  #forget(): void {
    this.#share = 0
    this.#few = this.#rules.few
  }

  #judge(isRestless: boolean): void {
    const { few, fewest, delayMs } = this.#rules
    const isStanding = this.#shortestMs > delayMs || (isRestless && this.#quickestMs > delayMs)
    this.#share = isStanding ? 1 - milder : Math.max(0, this.#share - milder)
    if (!isStanding) this.#few = Math.min(few, this.#few * more)
    else if (this.#hasTurnedAway) this.#few = Math.max(fewest, this.#few * fewer)
  }

  #isOneOfThose(): boolean {
    this.#credit += 1 - this.#share
    if (this.#credit < 1) return false
    this.#credit -= 1
    return true
  }
}
