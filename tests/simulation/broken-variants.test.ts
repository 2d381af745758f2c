import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TenantStore, Write } from '@sallyport/store'
import { simulate } from './run.ts'
import type { Breakage } from './simulation.ts'
import { type Invariant, Violation } from './violation.ts'

/** A right authority passes; these show that a wrong one would not. */
const variants: readonly {
  readonly wrong: string
  readonly breakage: Breakage
  readonly found: Invariant | readonly Invariant[]
}[] = [
  {
    wrong: 'check, then mark: of two that saw a credential unused both write their successors',
    breakage: altered(store => ({
      take: async (kind, key, effects) => {
        const seen = await store.peek(kind, key)
        const taken = await store.take<never>(kind, key, effects)
        if (!('lost' in taken) || seen?.usedAt !== undefined) return taken
        await store.commit(effects.put)
        const behind = effects.along && (await store.peekWith(kind, key, effects.along))
        return { won: taken.lost.record, ...(behind && { along: behind.along }) }
      },
    })),
    // Two winners of a code are two first refresh tokens, which shows before both answers are given.
    found: ['one winner per one-time credential', 'a family has at most one live refresh token'],
  },
  {
    wrong: 'a refresh token that has a successor and was never marked used',
    breakage: altered(store => ({
      take: async (kind, key, effects) => {
        const seen = kind === 'refresh' ? await store.peek<never>(kind, key) : undefined
        if (seen === undefined) return store.take(kind, key, effects)
        await store.commit(effects.put.map(nameless))
        return { won: seen }
      },
    })),
    found: 'a family has at most one live refresh token',
  },
  {
    wrong: 'a proof or assertion that works as often as it is shown',
    breakage: altered(() => ({ claim: async () => 'won' })),
    found: 'one winner per one-time credential',
  },
  {
    wrong: 'an answer before the write is on disk, and a crash between',
    breakage: altered(store => ({
      take: async (kind, key, effects) => {
        const seen = kind === 'refresh' ? await store.peek<never>(kind, key) : undefined
        return seen !== undefined && seen.version % 7 === 0 && seen.usedAt === undefined
          ? { won: seen }
          : store.take(kind, key, effects)
      },
    })),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a successor that is not stored with the use of its predecessor',
    breakage: without('refresh'),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a revocation that is acknowledged and not stored',
    breakage: without('family'),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a grant that is not on record',
    breakage: altered(store => ({ take: (kind, key, { put, along }) => store.take(kind, key, { put, along }) })),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a code whose user is looked for before the taking, and not after it',
    breakage: altered(store => ({
      take: async (kind, key, { along, ...effects }) => {
        const before = along && (await store.peekWith(kind, key, along))
        const taken = await store.take<never>(kind, key, effects)
        return 'won' in taken && before ? { ...taken, along: before.along } : taken
      },
    })),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a revocation that the authority does not remember',
    breakage: without('revocation'),
    found: 'nothing acknowledged is lost',
  },
  {
    wrong: 'a revocation that the feed is not told of',
    breakage: altered(store => ({
      commit: (writes, vouched) =>
        store.commit(
          writes.filter(write => !('append' in write)),
          vouched,
        ),
    })),
    found: 'nothing revoked is accepted after its bound',
  },
  {
    wrong: 'a lost reply that is not repeated',
    breakage: without('refresh-reply'),
    found: 'a retry inside the rules never logs anyone out',
  },
  {
    wrong: 'no time at all for tabs and lost replies',
    breakage: withSettings({ refreshReuseSeconds: -1 }),
    found: 'a retry inside the rules never logs anyone out',
  },
  {
    wrong: 'a used token that is answered for ever',
    breakage: withSettings({ refreshReuseSeconds: 1_000_000 }),
    found: 'a replay outside the rules kills the family',
  },
  {
    wrong: 'a signature that waits for a real timer',
    breakage: {
      alterContext: context => ({
        ...context,
        sign: async (key, input) => {
          await new Promise(resolve => setTimeout(resolve, 1).unref())
          return context.sign(key, input)
        },
      }),
    },
    found: 'nothing is awaited outside the schedule',
  },
]

for (const { wrong, breakage, found } of variants)
  test(`the simulation finds ${wrong}`, async () => {
    const { failure } = await simulate(1, 400_000, breakage)
    assert.ok(failure?.error instanceof Violation, `not found: ${failure?.error}`)
    assert.ok([found].flat().includes(failure.error.invariant), String(failure.error))
    assert.ok(failure.trace.length > 0)
  })

/** A store whose named verbs are wrong. */
function altered(wrong: (store: TenantStore) => Partial<TenantStore>): Breakage {
  return { alterStore: store => ({ ...store, ...wrong(store) }) }
}

/** A store that says it wrote records of a kind and did not. */
function without(kind: string): Breakage {
  const kept = (writes: readonly Write[]): readonly Write[] =>
    writes.filter(write => {
      const record = 'put' in write ? write.put : 'replace' in write ? write.replace : undefined
      return record?.kind !== kind || (kind === 'family' && 'put' in write)
    })
  return altered(store => ({
    commit: (writes, vouched) => store.commit(kept(writes), vouched),
    take: (taken, key, effects) => store.take(taken, key, { ...effects, put: kept(effects.put) }),
  }))
}

/** A successor that does not say whom it follows, so that counting successors would not find it. */
function nameless(write: Write): Write {
  if (!('put' in write) || write.put.kind !== 'refresh') return write
  return { put: { ...write.put, value: { ...Object(write.put.value), previous: undefined } } }
}

function withSettings(settings: { readonly refreshReuseSeconds: number }): Breakage {
  return { alterContext: context => ({ ...context, settings: { ...context.settings, ...settings } }) }
}
