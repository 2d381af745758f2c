import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { OpenLone } from '../contract.suite.ts'
import type { NewRecord, TenantStore, Write } from '../contract.ts'
import { StoreError } from '../store-error.ts'
import { freshStore, type MovingClock } from './clock.ts'
import { MemoryModel } from './memory-model.ts'

const RUNS = 250

/** Random histories give what the plain model gives. */
export function modelContract(name: string, open: OpenLone): void {
  test(`${name}: ${RUNS} random histories of every verb answer as the plain model of the contract does`, async t => {
    const { store, clock } = await freshStore(t, open)
    let run = 0
    const check = async (history: readonly Step[]) => {
      const tenant = store.of(`run ${++run}`)
      const model = new MemoryModel(() => clock.seconds)
      for (const step of history) await compare(step, tenant, model, clock)
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), check), { numRuns: RUNS })
  })
}

interface Draft {
  readonly how: 'put' | 'insert' | 'replace'
  readonly kind: string
  readonly key: string
  readonly value: unknown
  readonly seconds: number | undefined
  readonly tag: string | undefined
  readonly stale: boolean
}

type DraftWrite =
  | Draft
  | { readonly how: 'remove'; readonly kind: string; readonly key: string }
  | { readonly how: 'append'; readonly stream: string; readonly value: unknown; readonly seconds: number }

type Step =
  | { readonly do: 'peek'; readonly kind: string; readonly key: string }
  | { readonly do: 'take'; readonly kind: string; readonly key: string; readonly writes: readonly DraftWrite[] }
  | { readonly do: 'claim'; readonly hash: string; readonly seconds: number }
  | { readonly do: 'commit'; readonly writes: readonly DraftWrite[] }
  | {
      readonly do: 'list'
      readonly kind: string
      readonly tag: string | undefined
      readonly after: string | undefined
      readonly limit: number
    }
  | { readonly do: 'read'; readonly stream: string; readonly after: number; readonly limit: number }
  | { readonly do: 'wait'; readonly seconds: number }

const kind = fc.constantFrom('code', 'grant')
const key = fc.constantFrom('a', 'b', '\u{10000}', '\uFFFF', '\uD800', '\0')
const stream = fc.constantFrom('feed', 'other')
const tag = fc.option(fc.constantFrom('x', 'y'), { nil: undefined })
const seconds = fc.integer({ min: -1, max: 12 })
const value = fc.jsonValue({ maxDepth: 1 }).map(json => JSON.parse(JSON.stringify(json)))

const write: fc.Arbitrary<DraftWrite> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      how: fc.constantFrom('put', 'insert', 'replace'),
      kind,
      key,
      value,
      seconds: fc.option(seconds, { nil: undefined }),
      tag,
      stale: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ how: fc.constant('remove'), kind, key }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant('append'), stream, value, seconds }) },
)

const writes = fc.array(write, { maxLength: 4 })

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('peek'), kind, key }),
  fc.record({ do: fc.constant('take'), kind, key, writes }),
  fc.record({ do: fc.constant('claim'), hash: fc.constantFrom('h', 'i'), seconds }),
  fc.record({ do: fc.constant('commit'), writes }),
  fc.record({
    do: fc.constant('list'),
    kind,
    tag,
    after: fc.option(key, { nil: undefined }),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('read'),
    stream,
    after: fc.integer({ min: 0, max: 5 }),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ do: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 6 }) }),
)

async function compare(step: Step, tenant: TenantStore, model: MemoryModel, clock: MovingClock): Promise<void> {
  switch (step.do) {
    case 'wait':
      clock.seconds += step.seconds
      return
    case 'peek':
      return same(await tenant.peek(step.kind, step.key), model.peek(step.kind, step.key))
    case 'take': {
      const [real, modelled] = await bothWrites(step.writes, tenant, model, clock)
      const expected = model.take(step.kind, step.key, modelled)
      const taking = tenant.take(step.kind, step.key, { put: real })
      return same(await taking.catch(conflictShown), expected)
    }
    case 'claim': {
      const expiresAt = clock.seconds + step.seconds
      return same(await tenant.claim('proof', step.hash, expiresAt), model.claim(step.hash, expiresAt))
    }
    case 'commit': {
      const [real, modelled] = await bothWrites(step.writes, tenant, model, clock)
      return same(await tenant.commit(real), model.commit(modelled))
    }
    case 'list': {
      const index = step.tag === undefined ? {} : { index: ['tag', step.tag] as const }
      const page = { limit: step.limit, ...index, ...(step.after !== undefined && { after: step.after }) }
      return same(await tenant.list(step.kind, page), model.list(step.kind, page))
    }
    case 'read':
      return same(
        await tenant.read(step.stream, step.after, step.limit),
        model.read(step.stream, step.after, step.limit),
      )
  }
}

/** The same writes twice: with the versions that the store shows, and with the model's. */
async function bothWrites(drafts: readonly DraftWrite[], tenant: TenantStore, model: MemoryModel, clock: MovingClock) {
  const [real, modelled]: [Write[], Write[]] = [[], []]
  for (const draft of drafts) {
    if (draft.how === 'remove') {
      const { kind, key } = draft
      real.push({ remove: { kind, key } })
      modelled.push({ remove: { kind, key } })
    } else if (draft.how === 'append') {
      const append = { stream: draft.stream, value: draft.value, expiresAt: clock.seconds + draft.seconds }
      real.push({ append })
      modelled.push({ append })
    } else {
      const record = recordOf(draft, clock)
      const shown = (await tenant.peek(draft.kind, draft.key))?.version ?? 0
      real.push(withCondition(draft, record, draft.stale ? shown - 1 : shown))
      modelled.push(withCondition(draft, record, draft.stale ? -1 : model.version(draft.kind, draft.key)))
    }
  }
  return [real, modelled] as const
}

function recordOf(draft: Draft, clock: MovingClock): NewRecord {
  const { kind, key, value } = draft
  return {
    kind,
    key,
    value,
    ...(draft.seconds !== undefined && { expiresAt: clock.seconds + draft.seconds }),
    ...(draft.tag !== undefined && { index: { tag: draft.tag } }),
  }
}

function withCondition({ how }: Draft, record: NewRecord, version: number): Write {
  if (how === 'put') return { put: record }
  return how === 'insert' ? { insert: record } : { replace: record, version }
}

function conflictShown(error: unknown) {
  assert.ok(error instanceof StoreError && error.code === 'conflict', String(error))
  return { conflict: true }
}

function same(real: unknown, expected: unknown): void {
  assert.deepEqual(withoutVersions(real), expected)
}

/** A copy without the member `version` of records; values keep theirs, since none of the model's has that name. */
function withoutVersions(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(withoutVersions)
  if (typeof answer !== 'object' || answer === null) return answer
  const isRecord = 'version' in answer && 'usedAt' in answer
  const members = Object.entries(answer).filter(([name]) => !(isRecord && name === 'version'))
  return Object.fromEntries(
    members.map(([name, member]) => [name, name === 'value' ? member : withoutVersions(member)]),
  )
}
