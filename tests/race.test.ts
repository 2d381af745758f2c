import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sallyport } from './command-line.ts'
import { systemOfFile } from './system.ts'

const system = await systemOfFile()

test('S1 sallyport race on the started system: one winner, or one successor, of every kind', async () => {
  const { right, contests, leftOut } = JSON.parse(await sallyport(system, 'race', '--rounds', '2', '--json'))
  assert.equal(right, true)
  assert.deepEqual(
    leftOut.map(({ kind }: { kind: string }) => kind),
    ['request_uri'],
  )
  const kinds = new Set(contests.map(({ kind }: { kind: string }) => kind))
  assert.deepEqual([...kinds], ['code', 'refresh token', 'client assertion jti', 'DPoP proof jti'])
  for (const { kind, tried, won, successors } of contests)
    assert.deepEqual(
      kind === 'refresh token' ? [tried, won, successors] : [tried, won],
      kind === 'refresh token' ? [50, 50, 1] : [50, 1],
    )
})
