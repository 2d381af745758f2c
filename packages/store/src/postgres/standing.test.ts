import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKey, openMasterKey } from '../sealing/master-key.ts'
import { createSealer } from '../sealing/sealer.ts'
import { KEY_CHECK } from './key-check.ts'
import { judgeStanding } from './standing.ts'

const sealerOf = (key: string) =>
  createSealer(openMasterKey({ home: '/nonexistent', environment: { SALLYPORT_MASTER_KEY: key } }), 'scratch')

const ours = sealerOf(newKey())
const context = JSON.stringify([KEY_CHECK.tenant, KEY_CHECK.kind, KEY_CHECK.key])
const fit = { isStandby: true, secondsBehind: 3, keyCheck: ours.seal('sallyport', context) }
const judged = (changes: Partial<Parameters<typeof judgeStanding>[0]>) =>
  judgeStanding({ ...fit, ...changes }, ours, 'Postgres standby:5432/x').what

test('a standby of this store answers while it has a commit of the last minute, and not when it has none', () => {
  const ages = [-2, 0, 60, 61, 90_000, undefined]
  assert.deepEqual(
    ages.map(secondsBehind => judged({ secondsBehind })),
    ['ready', 'ready', 'ready', 'behind', 'behind', 'behind'],
  )
})

test('a server that is no standby, or one of a store under another key or of none, never answers', () => {
  const foreign = sealerOf(newKey()).seal('sallyport', context)
  const standings = [{ isStandby: false }, { keyCheck: foreign }, { keyCheck: '' }, { keyCheck: 'plain' }]
  for (const standing of standings) assert.equal(judged(standing), 'no_copy')
})
