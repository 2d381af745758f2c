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
  /** Has `run` set what is only known by asking, each time before the metrics are rendered. */
  collect(run: () => void): void
  /** All metrics in the Prometheus text format 0.0.4. */
  render(): string
}

/** Upper bounds in seconds that suit a request's duration. */
export const durationBuckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Makes an empty set of metrics. Names are unique in it: a second declaration of one throws, it is a bug. */
export function createMetrics(): Metrics {
  const families = new Map<string, () => readonly string[]>()
  const collected: (() => void)[] = []
  const declare = (name: string, type: string, help: string, samples: () => readonly string[]): void => {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new RangeError(`${name} is not a metric's name`)
    if (families.has(name)) throw new RangeError(`the metric ${name} is declared twice`)
    families.set(name, () => [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...samples()])
  }
  return {
    counter: (name, help, labels) => {
      const series = new Series(labels, () => ({ value: 0 }))
      declare(name, 'counter', help, () => lines(name, series))
      return {
        add: (values, amount = 1) => {
          if (!(amount >= 0)) throw new RangeError(`${name} cannot go down`)
          series.of(values).value += amount
        },
      }
    },
    gauge: (name, help, labels) => {
      const series = new Series(labels, () => ({ value: 0 }))
      declare(name, 'gauge', help, () => lines(name, series))
      return {
        set: (values, value) => {
          series.of(values).value = value
        },
      }
    },
    histogram: (name, help, labels, buckets = durationBuckets) => {
      const series = new Series(labels, () => ({ sum: 0, within: Array<number>(buckets.length + 1).fill(0) }))
      declare(name, 'histogram', help, () =>
        series.all.flatMap(([key, seen]) => histogramLines(name, key, seen, buckets)),
      )
      return {
        observe: (values, value) => {
          const seen = series.of(values)
          let bucket = 0
          while (value > (buckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1
          seen.sum += value
          seen.within[bucket] = (seen.within[bucket] ?? 0) + 1
        },
      }
    },
    collect: run => void collected.push(run),
    render() {
      for (const run of collected) run()
      return `${[...families.values()].flatMap(render => render()).join('\n')}\n`
    },
  }
}

/** Adds `/metrics`. It belongs on a listener that only operators reach. */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
  )
}

/** One node for each value of a label, under it those of the next label; at the end the series itself. */
interface LabelNode<T> {
  readonly below: Map<string, LabelNode<T>>
  readonly key: string
  series: T | undefined
}

/**
 * The series of one metric, found by a look-up a label: this is done at every request, so no text is put together for it
 * once a series is there.
 */
class Series<L extends MetricLabels, T> {
  /** Label text and what was counted, in the order of their first use. */
  readonly all: (readonly [key: string, series: T])[] = []
  readonly #names: readonly (keyof L & string)[]
  readonly #labels: L
  readonly #make: () => T
  readonly #root: LabelNode<T> = { below: new Map(), key: '', series: undefined }

  constructor(labels: L, make: () => T) {
    this.#labels = labels
    this.#names = Object.keys(labels)
    this.#make = make
  }

  of(values: LabelValues<L>): T {
    let node = this.#root
    for (const name of this.#names) {
      const value = values[name]
      node = node.below.get(value) ?? this.#next(node, name, value)
    }
    if (node.series === undefined) {
      node.series = this.#make()
      this.all.push([node.key, node.series])
    }
    return node.series
  }

  #next(node: LabelNode<T>, name: keyof L & string, given: string): LabelNode<T> {
    // Looked up in the list as it is now: a caller may still be adding to it.
    const value = this.#labels[name]?.includes(given) ? given : 'other'
    const there = node.below.get(value)
    if (there !== undefined) return there
    const label = `${name}="${escapeLabel(value)}"`
    const made: LabelNode<T> = {
      below: new Map(),
      key: node.key === '' ? label : `${node.key},${label}`,
      series: undefined,
    }
    node.below.set(value, made)
    return made
  }
}

interface Observations {
  readonly sum: number
  /** How many observations each bucket holds that no smaller one does; the last are over every bound. */
  readonly within: readonly number[]
}

interface AllSeries<T> {
  readonly all: readonly (readonly [key: string, series: T])[]
}

function lines(name: string, { all }: AllSeries<{ readonly value: number }>): readonly string[] {
  return all.map(([key, { value }]) => `${name}${key === '' ? '' : `{${key}}`} ${value}`)
}

function histogramLines(name: string, key: string, seen: Observations, buckets: readonly number[]): readonly string[] {
  const labels = key === '' ? '' : `{${key}}`
  const before = key === '' ? '' : `${key},`
  let count = 0
  const counted = [...buckets, '+Inf'].map((bound, at) => {
    count += seen.within[at] ?? 0
    return `${name}_bucket{${before}le="${bound}"} ${count}`
  })
  return [...counted, `${name}_sum${labels} ${seen.sum}`, `${name}_count${labels} ${count}`]
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
