import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics, type Log } from '@sallyport/server'
import { CommandFailure } from '../command-line/command.ts'
import { loadConfiguration } from '../configuration/load.ts'
import { replicaOf } from './replica.ts'

const url = 'postgres://reader:hunter22@standby.internal:5432/sallyport?sslmode=verify-full'

/** What the configuration of an authority on Postgres makes of this environment, and what is told of it. */
function opened(environment: Readonly<Record<string, string>>, authority: 'postgres' | 'sqlite' = 'postgres') {
  const loaded = loadConfiguration(undefined, environment)
  assert.ok('values' in loaded)
  const { store } = loaded.values
  const settings = { ...loaded.values, store: { ...store, authority } }
  const lines: string[] = []
  const write = (level: string) => (event: string, fields?: object) => {
    lines.push(`${level} ${event} ${JSON.stringify(fields)}`)
  }
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  }
  const metrics = createMetrics()
  return { replica: replicaOf(settings, { log, metrics }), metrics, lines }
}

const refusalOf = (environment: Readonly<Record<string, string>>, authority?: 'sqlite') => {
  try {
    opened(environment, authority)
  } catch (error) {
    assert.ok(error instanceof CommandFailure)
    return error.failure
  }
  return assert.fail('it was taken')
}

test('a replica without a Postgres to be one of is refused, and so is what is no address; neither is repeated', () => {
  const misplaced = refusalOf({ SALLYPORT_POSTGRES_REPLICA_URL: url }, 'sqlite')
  assert.deepEqual([misplaced.code, misplaced.got], ['replica_without_postgres', 'store.authority: sqlite'])
  assert.doesNotMatch(JSON.stringify(misplaced), /hunter22/)
  // A password that is not encoded: from the slash on it would be taken for the database, and told.
  const passwords = ['/hunter22', '12/hunter22', '12#hunter22'].map(word => url.replace('hunter22', word))
  for (const text of ['standby.internal hunter22', ...passwords]) {
    const malformed = refusalOf({ SALLYPORT_POSTGRES_REPLICA_URL: text })
    assert.equal(malformed.code, 'replica_url_malformed', text)
    assert.doesNotMatch(JSON.stringify(malformed), /hunter22/)
  }
})

test('without one nothing is served of it; with one its state is a gauge, each change a count and a line in the log', () => {
  const without = opened({})
  assert.deepEqual([without.replica, without.metrics.render().includes('replica')], [undefined, false])
  const { replica, metrics, lines } = opened({ SALLYPORT_POSTGRES_REPLICA_URL: url })
  assert.equal(replica?.url, url)
  const up = () => /^sallyport_replica_up (\d)$/m.exec(metrics.render())?.[1]
  assert.equal(up(), '0')
  replica?.onAlarm({ what: 'ready', message: 'It answers.' })
  assert.equal(up(), '1')
  replica?.onAlarm({ what: 'behind', message: 'It is 90 s behind.' })
  assert.equal(up(), '0')
  assert.match(metrics.render(), /^sallyport_replica_alarms_total\{what="behind"\} 1$/m)
  assert.deepEqual(lines, [
    'info replica_alarm {"what":"ready","message":"It answers."}',
    'warn replica_alarm {"what":"behind","message":"It is 90 s behind."}',
  ])
})
