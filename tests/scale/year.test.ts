import assert from 'node:assert/strict'
import { test } from 'node:test'
import { yearOfTests } from './loaded.ts'
import { kindsOf, simulateYear } from './year.ts'

test('in a simulated year no kind of row in SQLite grows over its second half', async t => {
  const year = await simulateYear(undefined, yearOfTests)
  t.diagnostic(JSON.stringify(year))
  assert.deepEqual(
    year.kinds.filter(({ grows }) => grows),
    [],
  )
})

test('a kind of row that is never removed would be found', () => {
  const counted = Array.from({ length: 365 }, (_, day) => ({ kept: Math.floor(day / 7), swept: 100 + (day % 30) }))
  assert.deepEqual(
    kindsOf(counted).map(({ kind, grows }) => [kind, grows]),
    [
      ['kept', true],
      ['swept', false],
    ],
  )
})
