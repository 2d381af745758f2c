import { checkTime } from '../record-codec.ts'
import { StoreError } from '../store-error.ts'
import { keyOf } from './keys.ts'
import type { RedisLink } from './redis-link.ts'
import { script } from './script.ts'

/** A kind of claims that Redis remembers. */
export interface ClaimKind {
  /**
   * The longest time, in seconds, between the making of a value and the `expiresAt` it is claimed with (a proof's
   * window). After Redis lost its memory, values that may have been claimed before are refused by it.
   */
  readonly lifetimeSeconds: number
}

/** How much longer than its value a claim is kept, for machines whose clocks are behind. */
const GRACE_SECONDS = 60

/**
 * Answers won (1) or lost (0), who the server is, and for how long it has run. The time in the value is the caller's, so
 * all machines judge by their own clock, as in the other stores.
 */
const CLAIM = script(`
  local server = redis.call('INFO', 'server')
  local held = tonumber(redis.call('GET', KEYS[1]) or -1)
  local won = held < tonumber(ARGV[1]) and 1 or 0
  if won == 1 then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
  return { won, string.match(server, 'run_id:(%w+)'), string.match(server, 'uptime_in_seconds:(%d+)') }
`)

/**
 * First uses on Redis, as `claim` of the contract: exactly one wins. Closed in doubt: when Redis is away the promise
 * rejects, and after Redis forgot (a restart, with or without a file, or another node in its place) a value that may
 * have been claimed before is `lost`, for one lifetime. What is made after the loss is won as ever.
 *
 * A failover can also lose what the old primary had not replicated yet; the new one is another server, so the rule
 * covers it too, for each process that talked to the old one.
 */
export class RedisClaims {
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #kinds: Readonly<Record<string, ClaimKind>>
  readonly #nowSeconds: () => number
  /** Of each hash tag of a cluster, or of the one server: the server that answered last, and since when it has remembered everything. */
  readonly #memories = new Map<string, { server: string; since: number }>()
  /** Servers whose coming was an alarm already. */
  readonly #told = new Set<string>()

  constructor(link: RedisLink, prefix: string, kinds: Readonly<Record<string, ClaimKind>>, nowSeconds: () => number) {
    this.#link = link
    this.#prefix = prefix
    this.#kinds = kinds
    this.#nowSeconds = nowSeconds
  }

  /** @throws StoreError `unreachable`, `outcome_unknown`, `invalid_write` */
  async claim(tenant: string, kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'> {
    checkTime(expiresAt)
    const lifetimeSeconds = this.#kinds[kind]?.lifetimeSeconds
    if (lifetimeSeconds === undefined) {
      throw new StoreError('invalid_write', `Redis keeps no claims of the kind ${kind}.`, 'Name it in claimKinds.')
    }
    const key = keyOf(this.#prefix, tenant, 'claim', kind, hash)
    const now = this.#nowSeconds()
    if (expiresAt < now) return 'lost'
    const keepSeconds = expiresAt - now + 1 + GRACE_SECONDS
    const [won, server, uptimeSeconds] = answerOf(await this.#link.run(CLAIM, [key], [now, expiresAt, keepSeconds]))
    // One server has all tags: when one tag finds that it forgot, that is so for all, and from then on no more of them.
    const place = this.#link.isCluster ? tagOf(key) : ''
    const since = this.#remembersSince(place, server, now, uptimeSeconds)
    return won && expiresAt > since + lifetimeSeconds ? 'won' : 'lost'
  }

  /** A server seen first remembers since its start; one in another's place, from now on. */
  #remembersSince(tag: string, server: string, now: number, uptimeSeconds: number): number {
    const known = this.#memories.get(tag)
    if (known?.server === server) return known.since
    const since = known === undefined ? now - uptimeSeconds : now
    if (this.#memories.size >= MEMORIES_MAX) this.#memories.clear()
    this.#memories.set(tag, { server, since })
    if (known !== undefined && !this.#told.has(server)) {
      this.#told.add(server)
      const message = `${this.#link.where} is another server than before, or was restarted: older values are refused.`
      this.#link.alarm({ what: 'memory_lost', message })
    }
    return since
  }
}

/** Tags that are remembered: 256 for each tenant. */
const MEMORIES_MAX = 65_536

function tagOf(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'))
}

function answerOf(answer: unknown): readonly [won: boolean, server: string, uptimeSeconds: number] {
  const [won, server, uptime]: unknown[] = Array.isArray(answer) ? answer : []
  return [won === 1, String(server), Number(uptime)]
}
