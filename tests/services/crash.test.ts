import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashService } from '../crash/crash-services.ts'

/** 10 in CI; `npm run crash` does 200. */
const kills = Number(process.env.SALLYPORT_KILLS ?? 2)

for (const service of ['postgres', 'redis'] as const)
  test(`${kills} kills (SIGKILL) of ${service} under the authority at work: nothing acknowledged is lost, nothing is used twice (DESIGN §3 "Durable before the answer")`, async t => {
    const report = await crashService(service, kills)
    t.diagnostic(JSON.stringify(report))
    assert.deepEqual([report.lost, report.usedTwice], [[], []])
    for (const [what, count] of Object.entries(report.acknowledged))
      assert.ok(count > 0, `nothing was shown: no ${what}`)
  })
