import type { FastifyInstance } from 'fastify'

/**
 * The labels of a metric. Each names all values it can have, so that no identifier ever becomes a label: a value that is
 * not listed is counted as `other`.
 */
export type MetricLabels = Readonly<Record<string, readonly string[]>>

type LabelValues<L extends MetricLabels> = { readonly [K in keyof L]: string }

export interface Counter<L extends MetricLabels> {
  /** Adds `amount` (default 1, never negative). */
  add(labels: LabelValues<L>, amount?: number): void
}

export interface Gauge<L extends MetricLabels> {
  set(labels: LabelValues<L>, value: number): void
}

export interface Histogram<L extends MetricLabels> {
  /** Counts one observation, in the unit that the metric's name ends with. */
  observe(labels: LabelValues<L>, value: number): void
}

export interface Metrics {
  counter<const L extends MetricLabels>(name: `${string}_total`, help: string, labels: L): Counter<L>
  gauge<const L extends MetricLabels>(name: string, help: string, labels: L): Gauge<L>
  /** `buckets` are upper bounds in ascending order, without infinity. */
  histogram<const L extends MetricLabels>(
    name: string,
    help: string,
    labels: L,
    buckets?: readonly number[],
  ): Histogram<L>
  /** All metrics in the Prometheus text format 0.0.4. */
  render(): string
}

/** Upper bounds in seconds that suit a request's duration. */
export const durationBuckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Makes an empty set of metrics. Names are unique in it: a second declaration of one throws, it is a bug. */
export function createMetrics(): Metrics {
  const families = new Map<string, () => readonly string[]>()
  const declare = (name: string, type: string, help: string, samples: () => readonly string[]): void => {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new RangeError(`${name} is not a metric's name`)
    if (families.has(name)) throw new RangeError(`the metric ${name} is declared twice`)
    families.set(name, () => [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...samples()])
  }
  return {
    counter: (name, help, labels) => {
      const series = new Map<string, number>()
      declare(name, 'counter', help, () => lines(name, series))
      return {
        add: (values, amount = 1) => {
          if (!(amount >= 0)) throw new RangeError(`${name} cannot go down`)
          const key = labelText(labels, values)
          series.set(key, (series.get(key) ?? 0) + amount)
        },
      }
    },
    gauge: (name, help, labels) => {
      const series = new Map<string, number>()
      declare(name, 'gauge', help, () => lines(name, series))
      return { set: (values, value) => void series.set(labelText(labels, values), value) }
    },
    histogram: (name, help, labels, buckets = durationBuckets) => {
      const series = new Map<string, Observations>()
      declare(name, 'histogram', help, () =>
        [...series].flatMap(([key, seen]) => histogramLines(name, key, seen, buckets)),
      )
      return {
        observe: (values, value) => {
          const key = labelText(labels, values)
          const seen = series.get(key) ?? { sum: 0, count: 0, below: buckets.map(() => 0) }
          seen.sum += value
          seen.count += 1
          seen.below = seen.below.map((count, at) => (value <= (buckets[at] ?? 0) ? count + 1 : count))
          series.set(key, seen)
        },
      }
    },
    render: () => `${[...families.values()].flatMap(render => render()).join('\n')}\n`,
  }
}

/** Adds `/metrics`. It belongs on a listener that only operators reach. */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
  )
}

interface Observations {
  sum: number
  count: number
  /** How many observations are at most each bucket's bound. */
  below: number[]
}

function lines(name: string, series: ReadonlyMap<string, number>): readonly string[] {
  return [...series].map(([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}`)
}

function histogramLines(name: string, key: string, seen: Observations, buckets: readonly number[]): readonly string[] {
  const labels = key === '' ? '' : `{${key}}`
  const before = key === '' ? '' : `${key},`
  return [
    ...buckets.map((bound, at) => `${name}_bucket{${before}le="${bound}"} ${seen.below[at] ?? 0}`),
    `${name}_bucket{${before}le="+Inf"} ${seen.count}`,
    `${name}_sum${labels} ${seen.sum}`,
    `${name}_count${labels} ${seen.count}`,
  ]
}

function labelText<L extends MetricLabels>(labels: L, values: LabelValues<L>): string {
  return Object.entries(labels)
    .map(([name, known]) => {
      const value = values[name]
      return `${name}="${value !== undefined && known.includes(value) ? escapeLabel(value) : 'other'}"`
    })
    .join(',')
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
