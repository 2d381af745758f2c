import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { proofOf, tokenRequest } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { exchange } from '../exchange.ts'
import { install } from './machines.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
const installation = await install({ postgres: postgres.url, redis: redis.url })
after(async () => {
  await installation.stop()
  await Promise.all([postgres.stop(), redis.stop()])
})
const { first } = installation
const key = generateSigningKey('ES256')
const grant = { grant_type: 'client_credentials', resource: first.resources.outside }
const bearer = () => tokenRequest(first, 'nightly', grant)
const proven = () =>
  tokenRequest(first, 'nightly', grant, { dpop: proofOf(key, { htm: 'POST', htu: `${first.issuer}/token` }) })
const isUp = async () => /^sallyport_redis_up (\d)$/m.exec((await exchange(`${first.issuer}/metrics`)).text)?.[1]

test('without Redis a request with a proof is refused with 503, others go on, and it is an alarm in log and metrics (RFC 9449 §11.1, RFC 9110 §15.6.4)', async () => {
  assert.deepEqual([(await proven()).status, await isUp()], [200, '1'])
  await redis.kill()
  const refused = await proven()
  assert.deepEqual([refused.status, refused.json.error], [503, 'temporarily_unavailable'], refused.text)
  assert.ok(refused.headers['retry-after'] !== undefined)
  assert.deepEqual([(await bearer()).status, await isUp()], [200, '0'])
  const log = readFileSync(join(first.home, 'sallyport.log'), 'utf8')
  assert.match(log, /"event":"redis_alarm"|redis_alarm/)
  await redis.start()
  await eventually(async () => (await proven()).status === 200, 'a proof is accepted again')
  assert.equal(await isUp(), '1')
})

test('without Postgres nothing is granted, with 503, and the process is not ready; both come back by themselves (RFC 9110 §15.6.4)', async () => {
  await postgres.kill()
  const refused = await bearer()
  assert.deepEqual([refused.status, refused.json.error], [503, 'temporarily_unavailable'], refused.text)
  assert.equal((await exchange(`${first.issuer}/readyz`)).status, 503)
  await postgres.start()
  await eventually(async () => (await bearer()).status === 200, 'a token is given again')
  assert.equal((await exchange(`${first.issuer}/readyz`)).status, 200)
})
