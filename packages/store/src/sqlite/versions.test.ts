import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScratch } from './scratch-store.ts'

test('no version comes twice, over blocks, undone operations and removed records', async t => {
  const { store, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const seen = new Set<number>()
  await tenant.commit([{ insert: { kind: 'k', key: 'taken', value: 0 } }])
  for (let n = 0; n < 1_500; n += 1) {
    // The second insert is a conflict, so the first is undone, in whichever of them a block began.
    const undone = [{ insert: { kind: 'k', key: 'new', value: n } }, { insert: { kind: 'k', key: 'taken', value: n } }]
    const [conflicted] = await Promise.all([
      tenant.commit(undone),
      tenant.commit([{ put: { kind: 'k', key: 'kept', value: n } }]),
    ])
    assert.ok('conflict' in conflicted)
    const version = (await tenant.peek('k', 'kept'))?.version ?? 0
    assert.ok(!seen.has(version), `${version} came again`)
    seen.add(version)
    if (n % 3 === 0) await tenant.commit([{ remove: { kind: 'k', key: 'kept' } }])
  }
})
