import { parseOpaqueToken } from '@sallyport/credentials'
import type { AuditRecord } from '@sallyport/store'
import type { AuthorizationCode } from '../../packages/authority/src/authorization-code.ts'
import type { Grant } from '../../packages/authority/src/grant.ts'
import type { TokenBody } from '../../packages/authority/src/issue.ts'
import type { RefreshToken } from '../../packages/authority/src/refresh-token.ts'
import type { TokenFamily } from '../../packages/authority/src/token-family.ts'
import type { Schedule } from './schedule.ts'
import type { Row, SimulatedDatabase } from './simulated-database.ts'
import { type Invariant, Violation } from './violation.ts'

/** What was given to somebody and heard about, so that it can be held against the authority later. */
interface Given {
  readonly family: string
  readonly session: string | undefined
  readonly grant: string | undefined
  readonly clientId: string
  readonly subject: string
}

/** An access token as its holder has it. */
export interface HeldAccess {
  readonly token: string
  readonly family: string
  readonly jti: string
  readonly clientId: string
  readonly iat: number
  readonly expiresAtMs: number
  /** When its request began, at the authority. */
  readonly issuedAtMs: number
}

/**
 * The run's own memory of what the authority promised, kept beside the authority and never through it: every change of a
 * record is judged as it happens, every answer when it is given.
 */
export class Ledger {
  readonly #schedule: Schedule
  #database: SimulatedDatabase | undefined
  readonly #liveRefresh = new Map<string, Set<string>>()
  readonly #successors = new Map<string, string>()
  readonly #rotatedAtMs = new Map<string, number>()
  readonly #revokedAtMs = new Map<string, number>()
  /** Sessions, grants and clients whose end was acknowledged, and why they ended. */
  readonly #ended = new Map<string, string>()
  readonly #usedOnce = new Set<string>()
  readonly #given = new Map<string, Given>()
  readonly counts: Record<string, number> = {}
  /** What the run does once it is told of a violation. */
  readonly #fail: (error: Violation) => void
  /** Families that this step touched. */
  readonly #judgeLater = new Set<string>()
  readonly #auditedTargets = new Set<string>()

  constructor(schedule: Schedule, fail: (error: Violation) => void) {
    this.#schedule = schedule
    this.#fail = fail
  }

  watch(database: SimulatedDatabase): void {
    this.#database = database
  }

  get database(): SimulatedDatabase {
    if (this.#database === undefined) throw new Error('the ledger watches no database')
    return this.#database
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  violated(invariant: Invariant, detail: string): void {
    this.#schedule.note(`VIOLATED ${invariant}: ${detail}`)
    this.#fail(new Violation(invariant, detail))
  }

  must(holds: boolean, invariant: Invariant, detail: string): void {
    if (!holds) this.violated(invariant, detail)
  }

  /** Judges a change at the moment it becomes durable. */
  changed(before: Row | undefined, after: Row | undefined): void {
    const row = after ?? before
    if (row === undefined) return
    if (before?.usedAt !== undefined && after !== undefined && after.usedAt === undefined)
      this.violated('one winner per one-time credential', `a used ${row.kind} came back to life`)
    if (row.kind === 'refresh') this.#refreshChanged(before, after)
    if (row.kind === 'family') this.#familyChanged(before, after)
    if (row.kind === 'revocation' && after === undefined)
      this.violated('nothing acknowledged is lost', `the revocation ${row.key} was removed`)
  }

  /** Unix milliseconds of the take, or `undefined` while unused. */
  rotatedAtMs(selector: string): number | undefined {
    return this.#rotatedAtMs.get(selector)
  }

  successorOf(selector: string): Row | undefined {
    const successor = this.#successors.get(selector)
    return successor === undefined ? undefined : this.database.row('refresh', successor)
  }

  refreshRecord(
    token: string,
  ): { readonly selector: string; readonly row: Row; readonly value: RefreshToken } | undefined {
    const selector = parseOpaqueToken(token, 'rt')?.selector ?? ''
    const row = this.database.row('refresh', selector)
    return row === undefined ? undefined : { selector, row, value: JSON.parse(row.text) }
  }

  family(id: string): TokenFamily | undefined {
    return this.database.peek<TokenFamily>('family', id)?.value
  }

  grants(): readonly Grant[] {
    return [...this.database.rows('grant')].map(({ text }) => JSON.parse(text))
  }

  codeRecord(code: string): { readonly row: Row; readonly value: AuthorizationCode } | undefined {
    const row = this.database.row('code', parseOpaqueToken(code, 'ac')?.selector ?? '')
    return row === undefined ? undefined : { row, value: JSON.parse(row.text) }
  }

  /** A value that may bring success once was successful. */
  usedOnce(what: string, value: string): void {
    this.must(!this.#usedOnce.has(`${what} ${value}`), 'one winner per one-time credential', `${what} won twice`)
    this.#usedOnce.add(`${what} ${value}`)
  }

  /** The end of a family, token or client was acknowledged, or seen on disk before this request began. */
  revoked(name: string): void {
    if (!this.#revokedAtMs.has(name)) this.#revokedAtMs.set(name, this.#schedule.nowMs)
  }

  /** The same for what can be ended more than once: the last time counts. */
  revokedAgain(name: string): void {
    this.#revokedAtMs.set(name, this.#schedule.nowMs)
  }

  revokedAtMs(name: string): number | undefined {
    return this.#revokedAtMs.get(name)
  }

  /** Tokens were answered: all that they stand for must be on disk now, and in the trail. */
  gave(body: TokenBody, given: Given, jti: string): void {
    this.#given.set(given.family, given)
    for (const by of ['session', 'grant', 'clientId'] as const) {
      const why = this.#ended.get(`${by} ${given[by]}`)
      if (why !== undefined) this.ended([given.family], why)
    }
    this.must(this.isAudited(jti), 'nothing acknowledged is lost', `the grant of ${jti} is not in the audit trail`)
    if (body.access_token.startsWith('sp_') && !this.#isOver(given.family, jti))
      this.must(
        this.database.row('access', jti) !== undefined,
        'nothing acknowledged is lost',
        `the access token ${jti} was given and is not stored`,
      )
    if (body.refresh_token === undefined) return
    const stored = this.refreshRecord(body.refresh_token)
    this.must(stored !== undefined, 'nothing acknowledged is lost', 'a refresh token was given and is not stored')
    this.must(
      this.family(given.family) !== undefined,
      'nothing acknowledged is lost',
      `tokens of the family ${given.family} were given and it is not stored`,
    )
  }

  /** Families whose tokens somebody has. */
  given(matches: (given: Given) => boolean): readonly string[] {
    return [...this.#given.values()].filter(matches).map(({ family }) => family)
  }

  /** The end of families was acknowledged: each that somebody holds tokens of is revoked on disk, in feed and trail. */
  ended(families: readonly string[], why: string): void {
    for (const id of families) {
      const family = this.family(id)
      if (family === undefined) continue
      this.must(family.revoked_at !== undefined, 'nothing acknowledged is lost', `${why}, but the family ${id} lives`)
      // The feed forgets when no token of the family can be alive.
      const isLongAgo = (family.revoked_at ?? 0) + 990 < this.#schedule.nowSeconds
      const isTold = isLongAgo || this.database.row('revocation', `family ${id}`) !== undefined
      this.must(isTold, 'nothing acknowledged is lost', `${why}, but the feed was not told of ${id}`)
      this.must(
        this.isAudited(`end of ${id}`),
        'nothing acknowledged is lost',
        `${why}, but the end of ${id} is not in the audit trail`,
      )
      this.revoked(`family ${id}`)
    }
  }

  /** The end of a session, grant or client was acknowledged: all that was given by it ends, and so does what is given only now. */
  endedBy(by: 'session' | 'grant' | 'clientId', id: string, why: string): void {
    this.#ended.set(`${by} ${id}`, why)
    this.ended(
      this.given(given => given[by] === id),
      why,
    )
  }

  /** A client was switched on again. */
  clientBack(clientId: string): void {
    this.#ended.delete(`clientId ${clientId}`)
  }

  /** The end of one access token was acknowledged; one that had ended with its family needs no record of its own. */
  endedToken(jti: string): void {
    if (this.database.row('revocation', `token ${jti}`) !== undefined)
      this.must(
        this.isAudited(`end of ${jti}`),
        'nothing acknowledged is lost',
        `the end of ${jti} is not in the audit trail`,
      )
    this.revoked(`token ${jti}`)
  }

  /** A token was found inactive: something must have ended it. */
  mustBeOver({ jti, family, clientId, expiresAtMs }: HeldAccess): void {
    const client = this.database.peek<{ disabled: boolean }>('client', clientId)?.value
    const isOver =
      this.#isOver(family, jti) ||
      this.database.row('revocation', `client ${clientId}`) !== undefined ||
      client?.disabled === true ||
      expiresAtMs - 2000 < this.#schedule.nowMs
    this.must(isOver, 'nothing acknowledged is lost', `the access token ${jti} was given, is not over, and is inactive`)
  }

  isAudited(target: string): boolean {
    return this.#auditedTargets.has(target)
  }

  /** Judges a record at the moment it becomes durable: what it says was done is on disk, and was not said before. */
  recorded({ action, target, detail }: AuditRecord): void {
    if (action.endsWith('.revoke')) this.#auditedTargets.add(`end of ${target}`)
    const { jti, family, grant_type } = detail ?? {}
    if (action !== 'token.grant' || typeof jti !== 'string') return
    this.must(!this.#auditedTargets.has(jti), 'no record of what was not granted', `${jti} was recorded twice`)
    this.#auditedTargets.add(jti)
    if (grant_type !== 'authorization_code' && grant_type !== 'refresh_token') return
    const stored = this.family(String(family)) !== undefined
    this.must(
      stored,
      'no record of what was not granted',
      `the grant of ${jti} is recorded, its family ${family} is not`,
    )
  }

  /** Whether a token was ended in a way that may have removed its record. */
  #isOver(family: string, jti: string): boolean {
    const { database } = this
    return (
      database.row('revocation', `token ${jti}`) !== undefined ||
      database.row('revocation', `family ${family}`) !== undefined
    )
  }

  #refreshChanged(before: Row | undefined, after: Row | undefined): void {
    const row = after ?? before
    if (row === undefined) return
    const { family, previous: replies }: RefreshToken = JSON.parse(row.text)
    const previous = replies?.at(-1)
    const live = this.#liveRefresh.get(family) ?? new Set<string>()
    this.#liveRefresh.set(family, live)
    if (after === undefined || after.usedAt !== undefined) live.delete(row.key)
    else live.add(row.key)
    if (before?.usedAt === undefined && after?.usedAt !== undefined)
      this.#rotatedAtMs.set(row.key, this.#schedule.nowMs)
    if (before === undefined && previous !== undefined) {
      const other = this.#successors.get(previous)
      this.must(
        other === undefined || other === row.key,
        'one winner per one-time credential',
        `the refresh token ${previous} has two successors`,
      )
      this.#successors.set(previous, row.key)
    }
    // The take and its successor are one commit, seen record by record: the sum is judged when the step is over.
    this.#judgeLater.add(family)
  }

  /** Judges what a whole commit must have left. To be called after each step. */
  stepDone(): void {
    for (const family of this.#judgeLater) {
      const live = this.#liveRefresh.get(family)?.size ?? 0
      this.must(live <= 1, 'a family has at most one live refresh token', `the family ${family} has ${live}`)
    }
    this.#judgeLater.clear()
  }

  #familyChanged(before: Row | undefined, after: Row | undefined): void {
    const was: TokenFamily | undefined = before && JSON.parse(before.text)
    const is: TokenFamily | undefined = after && JSON.parse(after.text)
    if (was !== undefined && is === undefined)
      this.violated('nothing acknowledged is lost', `the family ${was.id} was removed`)
    if (was?.revoked_at !== undefined && is?.revoked_at === undefined)
      this.violated('nothing acknowledged is lost', `the revoked family ${was.id} came back to life`)
  }
}
