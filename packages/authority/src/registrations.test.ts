import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stored, TenantStore, Write } from '@sallyport/store'
import { authorityStore } from './authority-store.ts'
import { Registrations, rememberedMs } from './registrations.ts'

interface World {
  nowMs: number
  reads: number
  name: string
  version: number
  /** Ends the read that is under way, where reads are slow. */
  answer: (() => void) | undefined
}

const registered = (world: World): Stored<{ name: string }> => ({
  kind: 'client',
  key: 'web',
  value: { name: world.name },
  version: world.version,
  expiresAt: undefined,
  usedAt: undefined,
})

/** A store with one client, and a process that remembers it. */
function process(reads: 'at once' | 'slow' = 'at once') {
  const world: World = { nowMs: 1_800_000_000_000, reads: 0, name: 'before', version: 1, answer: undefined }
  const peek = () => {
    world.reads += 1
    const found = registered(world)
    if (reads === 'at once') return found
    return new Promise<typeof found>(resolve => {
      world.answer = () => resolve(found)
    })
  }
  const never = () => Promise.reject(new Error('not asked here'))
  const store = {
    peek: (_kind: string, key: string) => (key === 'web' ? peek() : undefined),
    commit: async () => ({ committed: true }) as const,
    take: never,
    peekWith: never,
    claim: never,
    list: never,
    read: never,
    watch: () => () => undefined,
  }
  return { world, store: authorityStore(store as TenantStore, new Registrations(() => world.nowMs)) }
}

const change = (world: World): readonly Write[] => {
  world.name = 'after'
  world.version += 1
  return [{ put: { kind: 'client', key: 'web', value: { name: 'after' } } }]
}

test('a registration that was read a moment ago is not read again, and nobody can change it', async () => {
  const { world, store } = process()
  const [first, second] = [await store.registered('client', 'web'), await store.registered('client', 'web')]
  assert.equal(first, second)
  assert.equal(world.reads, 1)
  assert.throws(() => Object.assign(first ?? {}, { name: 'other' }), TypeError)
})

test('what this process changes shows as soon as the change is acknowledged', async () => {
  const { world, store } = process()
  await store.registered('client', 'web')
  await store.commit(change(world))
  assert.deepEqual(await store.registered('client', 'web'), { name: 'after' })
})

test('what another process changes shows after 200 ms at most, and a clock that was set back makes it no later', async () => {
  const { world, store } = process()
  await store.registered('client', 'web')
  change(world)
  world.nowMs += rememberedMs - 1
  assert.deepEqual(await store.registered('client', 'web'), { name: 'before' })
  world.nowMs += 1
  assert.deepEqual(await store.registered('client', 'web'), { name: 'after' })
  change(world)
  world.name = 'again'
  world.nowMs -= 3_600_000
  assert.deepEqual(await store.registered('client', 'web'), { name: 'again' })
})

test('a read that a change overtook is not remembered', async () => {
  const { world, store } = process('slow')
  const reading = store.registered('client', 'web')
  const { answer } = world
  await store.commit(change(world))
  answer?.()
  assert.deepEqual(await reading, { name: 'before' })
  const again = store.registered('client', 'web')
  world.answer?.()
  assert.deepEqual(await again, { name: 'after' })
})

test('what is not registered is looked for each time', async () => {
  const { store } = process()
  assert.equal(await store.registered('client', 'nobody'), undefined)
})
