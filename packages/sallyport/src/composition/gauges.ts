import type { AuthorityContext } from '@sallyport/authority'
import { signingAlgorithms } from '@sallyport/credentials'
import type { Tracing } from '@sallyport/guard/tracing'
import type { Metrics } from '@sallyport/server'
import type { SqliteStore } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'

/** What is asked for when somebody reads the metrics: keys, store, process and traces. */
export function registerGauges(
  metrics: Metrics,
  parts: {
    readonly authority: AuthorityContext
    readonly schedule: Settings['keys']
    /** The durable one; only the embedded adapter counts its commits. */
    readonly store: CountingStore
    readonly tracing: Tracing | undefined
  },
): void {
  registerKeys(metrics, parts.authority, parts.schedule)
  registerStore(metrics, parts.store)
  registerProcess(metrics)
  registerTraces(metrics, parts.tracing)
}

function registerKeys(metrics: Metrics, { keys, now }: AuthorityContext, schedule: Settings['keys']): void {
  const algorithm = { algorithm: signingAlgorithms }
  const age = metrics.gauge('sallyport_signing_key_age_seconds', 'Since the key that signs now began to.', algorithm)
  const left = metrics.gauge(
    'sallyport_signing_key_left_seconds',
    'Until its successor signs by the schedule; below zero, a rotation is overdue.',
    algorithm,
  )
  metrics.collect(() => {
    for (const word of signingAlgorithms) {
      const signing = keys
        .ring()
        .keys.filter(({ key, signsAt, retiresAt }) => {
          const begun = key.algorithm === word && signsAt <= now()
          return begun && (retiresAt === undefined || retiresAt > now())
        })
        .at(-1)
      if (signing === undefined) continue
      age.set({ algorithm: word }, now() - signing.signsAt)
      left.set({ algorithm: word }, signing.signsAt + schedule.signSeconds - now())
    }
  })
}

type CountingStore = Pick<SqliteStore, 'load'>

function registerStore(metrics: Metrics, store: CountingStore): void {
  const waiting = metrics.gauge('sallyport_store_waiting', 'Operations that wait for the disk.', {})
  const groups = metrics.counter('sallyport_store_commits_total', 'Commits, each of all that waited.', {})
  const seconds = metrics.counter(
    'sallyport_store_commit_seconds_total',
    'Time that commits took, the disk among it.',
    {},
  )
  let before = { groups: 0, seconds: 0 }
  metrics.collect(() => {
    const load = store.load?.()
    if (load === undefined) return
    waiting.set({}, load.waiting)
    groups.add({}, load.groups - before.groups)
    seconds.add({}, load.seconds - before.seconds)
    before = load
  })
}

function registerProcess(metrics: Metrics): void {
  const memory = metrics.gauge('process_resident_memory_bytes', 'Resident memory of this process.', {})
  const cpu = metrics.counter('process_cpu_seconds_total', 'Processor time of this process.', {})
  let before = 0
  metrics.collect(() => {
    const { user, system } = process.cpuUsage()
    const now = (user + system) / 1e6
    memory.set({}, process.memoryUsage.rss())
    cpu.add({}, Math.max(0, now - before))
    before = now
  })
}

const outcomes = ['sent', 'dropped'] as const

function registerTraces(metrics: Metrics, tracing: Tracing | undefined): void {
  const spans = metrics.counter('sallyport_trace_spans_total', 'Spans, by what became of them.', { outcome: outcomes })
  const before = { sent: 0, dropped: 0 }
  metrics.collect(() => {
    const state = tracing?.state() ?? before
    for (const outcome of outcomes) {
      spans.add({ outcome }, state[outcome] - before[outcome])
      before[outcome] = state[outcome]
    }
  })
}
