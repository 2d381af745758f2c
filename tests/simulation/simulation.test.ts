import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostileWorld } from './hostile-world.ts'
import { dayMs, manyTabs } from './many-tabs.ts'
import { simulate } from './run.ts'

/** 1,000,000 in CI. */
const steps = Number(process.env.SALLYPORT_SIM_STEPS ?? 50_000)
const seed = Number(process.env.SALLYPORT_SIM_SEED ?? 1)
/** Days of fifty tabs; 3 in CI. */
const days = steps < 1_000_000 ? 1 : 3

test(`${steps} steps of hostile worlds from seed ${seed} break no invariant (S1, S26 to S28)`, async t => {
  const run = await simulate(seed, steps)
  t.diagnostic(`${run.worlds} worlds, ${run.simulatedHours.toFixed(1)} simulated hours: ${JSON.stringify(run.counts)}`)
  if (run.failure !== undefined)
    assert.fail(`seed ${run.failure.seed}: ${run.failure.error}\n${run.failure.trace.join('\n')}`)
  for (const what of [
    'sign-ins',
    'refreshes that arrived',
    'families killed by a replay',
    'replays outside the rules',
    ...(steps < 1_000_000 ? [] : ['replays with another key']),
    'families killed by a used code',
    'revocations',
    'sign-outs',
    'clients switched off',
    'tokens found active',
    'tokens found inactive',
  ])
    assert.ok((run.counts[what] ?? 0) > 0, `nothing was shown: no ${what}`)
})

for (const kind of ['bearer', 'dpop', 'rotating', 'fixed'] as const)
  for (let day = seed; day < seed + days; day += 1)
    test(`50 tabs of a ${kind} client, 20 % lost responses, crashes, 24 simulated hours from seed ${day}: 0 log-outs (DECISIONS "Refresh")`, async () => {
      const world = manyTabs(day, kind)
      await world.run({ steps: Number.POSITIVE_INFINITY, simulatedMs: dayMs })
      const [application] = world.applications
      assert.ok(world.schedule.elapsedMs >= dayMs)
      assert.ok((world.ledger.counts['refreshes that arrived'] ?? 0) > 250, JSON.stringify(world.ledger.counts))
      assert.equal(application?.logOuts, 0)
      assert.equal(application?.signIns, 1)
    })

test('a seed replays exactly: the same steps, the same trace, the same counts', async () => {
  const once = async () => {
    const world = hostileWorld(4711)
    await world.run({ steps: 8000 })
    return [world.schedule.trace(), world.schedule.elapsedMs, world.ledger.counts, world.random.text()]
  }
  assert.deepEqual(await once(), await once())
})
