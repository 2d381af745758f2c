import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statementsFor } from './statements.ts'

test('a statement of one schema has no name that one of another has: a session that knows it runs that very text', () => {
  const all = ['sallyport', 'sallyport_bff'].flatMap(schema => Object.values(statementsFor(schema)))
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
  assert.deepEqual(
    Object.values(statementsFor('sallyport')).map(({ name }) => name),
    all.slice(0, all.length / 2).map(({ name }) => name),
    'each process of a release names it alike',
  )
})
