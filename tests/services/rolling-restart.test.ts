import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { installBehind } from './behind-proxy.ts'
import { startPostgres } from './postgres.ts'
import type { ProxyName } from './proxy-before.ts'
import { startRedis } from './redis.ts'

const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
after(() => Promise.all([postgres.stop(), redis.stop()]))

const proxies: readonly ProxyName[] = ['nginx', 'envoy']

for (const [number, proxy] of proxies.entries()) {
  test(`two authorities and two gateways behind ${proxy}: each is restarted under load, a setting changes without one, and no request fails`, async t => {
    const installation = await installBehind(proxy, {
      postgres: `${postgres.url}`,
      redis: redis.url,
      schema: `behind_${number}`,
    })
    t.after(() => installation.stop())
    const load = installation.load()
    await load.until(200)
    for (const machine of installation.machines) {
      const before = load.answered
      await machine.restart()
      await load.until(before + 100)
    }
    assert.equal((await installation.tokenOf()).expires_in, 300)
    installation.configure('tokens: { accessTokenTtlSeconds: 600 }')
    for (let tries = 0; (await installation.tokenOf()).expires_in !== 600; tries += 1) {
      assert.ok(tries < 200, 'the new setting is in force')
      await wait(50)
    }
    const { answered, failures } = await load.stop()
    t.diagnostic(
      `${answered} requests while ${installation.machines.length} processes were restarted, ${failures.length} failed`,
    )
    assert.deepEqual(failures.slice(0, 20), [])
    assert.ok(answered > 500, `${answered}`)
  })
}
