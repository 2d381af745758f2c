import { install } from '../tests/services/machines.ts'
import { startPostgres } from '../tests/services/postgres.ts'
import { startRedis } from '../tests/services/redis.ts'
import { processorSeconds } from './sides/pinned-server.ts'
import { spread } from './sides/spread.ts'
import { load } from './sides/wrk.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 6)
const CONNECTIONS = 32

/**
 * Whether two authority processes on one Postgres spend as much processor time a request as one does. How many more requests
 * they answer is not asked: the load and the database have no core of their own here.
 */
export default async function run(): Promise<object> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
  const installation = await install({ postgres: postgres.url, redis: redis.url })
  try {
    const { first } = installation
    const [one, two] = [await installation.join('one', ['authority']), await installation.join('two', ['authority'])]
    const { client_secret = '' } = first.client('nightly')
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'read:orders',
      resource: first.resources.inside,
    }).toString()
    const header = `Authorization: Basic ${btoa(`nightly:${client_secret}`)}`
    const on = (authority: string, connections: number, seconds: number) =>
      load({ url: `${authority}/token`, connections, seconds, script: ['form.lua', form], headers: [header] })
    const used = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + processorSeconds(pid), 0)
    const measured = async (machines: readonly (typeof one)[]) => {
      const pids = machines.map(({ pid }) => pid)
      const before = used(pids)
      const loaded = await Promise.all(
        machines.map(({ authority }) => on(authority, CONNECTIONS / machines.length, SECONDS)),
      )
      const requests = loaded.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond * SECONDS, 0)
      return { micros: Math.round(((used(pids) - before) / requests) * 1e6), perSecond: Math.round(requests / SECONDS) }
    }
    await Promise.all([one, two].map(({ authority }) => on(authority, CONNECTIONS, 2)))
    const alone: Awaited<ReturnType<typeof measured>>[] = []
    const both: Awaited<ReturnType<typeof measured>>[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      alone.push(await measured([one]))
      both.push(await measured([one, two]))
    }
    const micros = (of: typeof alone) => spread(of.map(each => each.micros))
    return {
      connections: CONNECTIONS,
      oneProcess: { processorMicros: micros(alone), requestsPerSecond: spread(alone.map(each => each.perSecond)) },
      twoProcesses: { processorMicros: micros(both), requestsPerSecond: spread(both.map(each => each.perSecond)) },
      twoAgainstOne: spread(
        both.map((each, n) => Math.round((each.micros / (alone[n]?.micros ?? Number.NaN)) * 100) / 100),
      ),
    }
  } finally {
    await installation.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  }
}
