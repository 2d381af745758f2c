import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { newInstallation, type Started } from './sides/installation.ts'
import { spread } from './sides/spread.ts'

const SILENCE_SECONDS = 30
const ROUNDS = 3
const QUESTIONS = [
  { question: 'demo, first start', authorityAlone: false, limitMB: 200 },
  { question: 'demo, later start', authorityAlone: false, limitMB: 200 },
  { question: 'authority alone, first start', authorityAlone: true, limitMB: 120 },
  { question: 'authority alone, later start', authorityAlone: true, limitMB: 120 },
] as const

/**
 * How much memory the started product holds after 30 s of silence. The sum of PSS over its processes, with a Node binary
 * of its own, so that no other program on the machine carries a share of its pages. npm is not started.
 */
export default async function run(): Promise<object> {
  const installation = newInstallation()
  const measured = QUESTIONS.map(each => ({ ...each, sums: [] as number[], processes: [] as readonly ProcessMemory[] }))
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      installation.empty()
      for (const each of measured) {
        const started = await installation.start({ authorityAlone: each.authorityAlone, through: 'node' })
        await wait(SILENCE_SECONDS * 1000)
        each.processes = memoryOf(started)
        each.sums.push(tenths(each.processes.reduce((sum, { pssMB }) => sum + pssMB, 0)))
        await started.stop()
      }
    }
  } finally {
    installation.remove()
  }
  return {
    unit: 'MB of PSS (1 MB = 1,048,576 bytes)',
    silenceSeconds: SILENCE_SECONDS,
    rounds: ROUNDS,
    results: measured.map(({ question, limitMB, sums, processes }) => ({
      question,
      limitMB,
      ...spread(sums),
      processes,
    })),
  }
}

interface ProcessMemory {
  readonly process: string
  readonly pssMB: number
  /** Of it, pages that are nobody's file: heaps, stacks, compiled code. */
  readonly anonymousMB: number
}

function memoryOf({ pid }: Started): readonly ProcessMemory[] {
  return [pid, ...childrenOf(pid)].map(each => {
    const rollup = readFileSync(`/proc/${each}/smaps_rollup`, 'utf8')
    const megabytes = (field: string) =>
      tenths(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024)
    const script = /[\w-]+(?=\/src\/main\.ts)/.exec(readFileSync(`/proc/${each}/cmdline`, 'utf8'))?.[0]
    return { process: script ?? 'unknown', pssMB: megabytes('Pss'), anonymousMB: megabytes('Pss_Anon') }
  })
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
