import { type Installation, install } from '../tests/services/machines.ts'
import { startPostgres } from '../tests/services/postgres.ts'
import { startRedis } from '../tests/services/redis.ts'
import { LOAD_CORE, pin, processorSeconds, SERVER_CORE } from './sides/pinned-server.ts'
import { spread } from './sides/spread.ts'
import { load } from './sides/wrk.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const WARM_SECONDS = Number(process.env.BENCH_WARM_SECONDS ?? 8)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 6)
const CONNECTIONS = 32

/**
 * Whether two authority processes on one Postgres spend as much processor time a request as one does, each under the same
 * load: with a core each, where the second shares its own with stores and load, and both on the servers' core. Beside them
 * two on that core that share nothing, each on a Postgres and Redis of its own, which shows what two programs on one core
 * cost anyway. How many more requests two answer is not asked, for want of a third core.
 */
export default async function run(): Promise<object> {
  const [shared, apart] = await Promise.all([openStores(), openStores()])
  try {
    const one = await authorityOn(shared, 'one')
    const two = await authorityOn(shared, 'two')
    const other = await authorityOn(apart, 'other')
    await Promise.all([one, two, other].map(each => ask(each, WARM_SECONDS)))
    const alone: Measured[] = []
    const coreEach: Measured[] = []
    const both: Measured[] = []
    const separate: Measured[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      alone.push(await measure([one]))
      pin(two.pid, LOAD_CORE)
      coreEach.push(await measure([one, two]))
      pin(two.pid, SERVER_CORE)
      both.push(await measure([one, two]))
      separate.push(await measure([one, other]))
    }
    return {
      connectionsEach: CONNECTIONS,
      oneProcess: summary(alone),
      twoOnACoreEach: summary(coreEach),
      twoOnOneStore: summary(both),
      twoOnTwoStores: summary(separate),
      coreEachAgainstOne: ratios(coreEach, alone),
      twoAgainstOne: ratios(both, alone),
      oneStoreAgainstTwo: ratios(both, separate),
    }
  } finally {
    await Promise.all([shared, apart].map(stores => stores.stop()))
  }
}

interface Stores {
  readonly installation: Installation
  stop(): Promise<void>
}

async function openStores(): Promise<Stores> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis(['--maxmemory-policy', 'noeviction'])])
  const installation = await install({ postgres: postgres.url, redis: redis.url })
  return {
    installation,
    stop: async () => {
      await installation.stop()
      await Promise.all([postgres.stop(), redis.stop()])
    },
  }
}

interface Authority {
  readonly pid: number
  readonly url: string
  readonly form: string
  readonly header: string
}

async function authorityOn({ installation }: Stores, name: string): Promise<Authority> {
  const { first } = installation
  const { pid, authority } = await installation.join(name, ['authority'])
  pin(pid, SERVER_CORE)
  const { client_secret = '' } = first.client('nightly')
  const form = { grant_type: 'client_credentials', scope: 'read:orders', resource: first.resources.inside }
  return {
    pid,
    url: `${authority}/token`,
    form: new URLSearchParams(form).toString(),
    header: `Authorization: Basic ${btoa(`nightly:${client_secret}`)}`,
  }
}

const ask = ({ url, form, header }: Authority, seconds: number) =>
  load({ url, connections: CONNECTIONS, seconds, script: ['form.lua', form], headers: [header] })

interface Measured {
  readonly micros: number
  readonly perSecond: number
}

async function measure(authorities: readonly Authority[]): Promise<Measured> {
  const used = () => authorities.reduce((sum, { pid }) => sum + processorSeconds(pid), 0)
  const before = used()
  const loaded = await Promise.all(authorities.map(each => ask(each, SECONDS)))
  const perSecond = loaded.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0)
  return { micros: Math.round(((used() - before) / (perSecond * SECONDS)) * 1e6), perSecond }
}

const summary = (of: readonly Measured[]) => ({
  processorMicros: spread(of.map(({ micros }) => micros)),
  requestsPerSecond: spread(of.map(({ perSecond }) => perSecond)),
})

const ratios = (of: readonly Measured[], against: readonly Measured[]) =>
  spread(of.map(({ micros }, n) => Math.round((micros / (against[n]?.micros ?? Number.NaN)) * 100) / 100))
