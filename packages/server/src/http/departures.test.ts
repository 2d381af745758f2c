import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { setImmediate as roundOver } from 'node:timers/promises'
import { Departures } from './departures.ts'

test('answers of one round leave at its end, in their order', async () => {
  const left: number[] = []
  const departures = new Departures(false)
  for (const one of [1, 2, 3]) departures.add(() => void left.push(one))
  assert.deepEqual(left, [])
  await roundOver()
  assert.deepEqual(left, [1, 2, 3])
})

test('sixteen leave at once, and those after them at the end of the round', async () => {
  const left: number[] = []
  const departures = new Departures(false)
  const all = Array.from({ length: 18 }, (_, n) => n + 1)
  for (const one of all) departures.add(() => void left.push(one))
  assert.equal(left.length, 16)
  await roundOver()
  assert.deepEqual(left, all)
})

test('what is added while others leave waits for the next round and is not lost', async () => {
  const left: string[] = []
  const departures = new Departures(false)
  departures.add(() => {
    left.push('first')
    departures.add(() => void left.push('second'))
  })
  await roundOver()
  await roundOver()
  assert.deepEqual(left, ['first', 'second'])
})

test('each leaves in the asynchronous context it was added in', async () => {
  const traces = new AsyncLocalStorage<string>()
  const left: unknown[] = []
  const departures = new Departures(true)
  for (const trace of ['a', 'b']) traces.run(trace, () => departures.add(() => void left.push(traces.getStore())))
  await roundOver()
  assert.deepEqual(left, ['a', 'b'])
})
