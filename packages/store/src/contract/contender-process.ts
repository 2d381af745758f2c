import { createInterface } from 'node:readline'
import type { Store } from '../contract.ts'
import { record } from './audit-record.ts'
import type { Task } from './contender.ts'

/** The other process of the contract's races: does tasks from standard input, one a line, and prints how many were won. */
async function contend(module: string, argument: string): Promise<void> {
  const { openShared }: { openShared(argument: string): Promise<Store> } = await import(module)
  const store = await openShared(argument)
  console.log(0)
  for await (const line of createInterface({ input: process.stdin }))
    console.log(await perform(store, JSON.parse(line)))
  await store.close()
}

async function perform(store: Store, task: Task): Promise<number> {
  if ('take' in task) {
    const { tenant, key, count, mark } = task.take
    const takes = Array.from({ length: count }, (_, n) => {
      const successor = { put: { kind: 'successor', key: `${key} ${mark} ${n}`, value: null, index: { of: key } } }
      return store.of(tenant).take('code', key, { put: [successor], audit: record(key) })
    })
    return (await Promise.all(takes)).filter(taken => 'won' in taken).length
  }
  if ('claim' in task) {
    const { tenant, hash, count } = task.claim
    const claims = Array.from({ length: count }, () => store.of(tenant).claim('proof', hash, 4_000_000_000))
    return (await Promise.all(claims)).filter(verdict => verdict === 'won').length
  }
  const { tenant, stream, count } = task.append
  for (let n = 0; n < count; n += 1) {
    await store.of(tenant).commit([{ append: { stream, value: `there ${n}`, expiresAt: 4_000_000_000 } }])
  }
  return count
}

const [, , module = '', argument = ''] = process.argv
await contend(module, argument)
