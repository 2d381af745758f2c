import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listFilter } from './list-filter.ts'

const input = {
  subject: { type: 'user', id: 'u' },
  action: { name: 'list' },
  resource: { type: 'c', id: 'o' },
  context: {},
}

function answering(answer: unknown) {
  return listFilter({ revision: '1', evaluate: () => answer }, 'x/filter')(input)
}

test('all, the owners named, or nobody', () => {
  for (const filter of [{ all: true }, { owners: [] }, { owners: [{ type: 'client', id: 'client_1' }] }]) {
    assert.deepEqual(answering(filter), filter)
  }
})

test('an odd filter lists nothing: it is refused', () => {
  const odd = [
    undefined,
    true,
    {},
    { all: false },
    { all: 'true' },
    { all: true, owners: [] },
    { owners: 'all' },
    { owners: ['user_alice'] },
    { owners: [{ type: 'user' }] },
    { owners: [{ type: 'user', id: '' }] },
    { owners: [{ type: 'group', id: 'g' }] },
    { owners: [{ type: 'user', id: 1 }] },
  ]
  for (const answer of odd) assert.deepEqual(answering(answer), { refused: 'policy_answer' }, JSON.stringify(answer))
})

test('a source that fails lists nothing', async () => {
  const filter = listFilter({ revision: '1', evaluate: () => Promise.reject(new Error('gone')) }, 'x/filter')
  assert.deepEqual(await filter(input), { refused: 'policy_error' })
})
