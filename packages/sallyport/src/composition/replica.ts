import type { Log, Metrics } from '@sallyport/server'
import type { PostgresOptions, ReplicaAlarm } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Settings } from '../configuration/load.ts'
import { isPostgresAddress } from './postgres-address.ts'

const alarms = ['ready', 'lost', 'behind', 'no_copy'] as const satisfies readonly ReplicaAlarm['what'][]

/**
 * The replica of the authority's store as the configuration names it; `undefined` without one. How it is is told in the log
 * and in the metrics. One that is away stops nothing: the primary answers in its place.
 *
 * @throws CommandFailure `replica_without_postgres`, `replica_url_malformed` (exit 3)
 */
export function replicaOf(
  { store }: Settings,
  told: { readonly log: Log; readonly metrics: Metrics },
): PostgresOptions['replica'] {
  const { postgresReplicaUrl: url, authority } = store
  if (url === undefined) return undefined
  if (authority !== 'postgres') throw withoutPostgres(authority)
  if (!isPostgresAddress(url)) throw malformed()
  const { log, metrics } = told
  const counted = metrics.counter('sallyport_replica_alarms_total', 'News of the replica, by what it was.', {
    what: alarms,
  })
  const up = metrics.gauge('sallyport_replica_up', 'Whether the replica answers lists that may lag.', {})
  up.set({}, 0)
  for (const what of alarms) counted.add({ what }, 0)
  return {
    url,
    onAlarm: ({ what, message }) => {
      counted.add({ what })
      up.set({}, what === 'ready' ? 1 : 0)
      const write = what === 'ready' ? log.info : log.warn
      write('replica_alarm', { what, message })
    },
  }
}

const withoutPostgres = (kind: string): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'replica_without_postgres',
    message: 'SALLYPORT_POSTGRES_REPLICA_URL names a replica, but the authority keeps its data elsewhere.',
    expected: 'store.authority: postgres',
    got: `store.authority: ${kind}`,
    hint: 'Set store.authority to postgres, or take the replica away.',
  })

const malformed = (): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'replica_url_malformed',
    message: 'SALLYPORT_POSTGRES_REPLICA_URL is no address.',
    expected: 'postgres://user:password@host:port/database',
    got: 'something else',
    hint: 'Write it as SALLYPORT_POSTGRES_URL, with the host of the standby; / and # of a password are %2F and %23.',
  })
