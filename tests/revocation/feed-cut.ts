import { setTimeout as pause } from 'node:timers/promises'
import type { RunningSystem } from '../system.ts'
import { show } from './ask.ts'
import type { Door } from './doors.ts'

/** What one door did when the authority fell silent, in seconds since it did; `backSeconds` since it spoke again. */
export interface Cut {
  readonly door: string
  readonly alarmSeconds: number
  readonly closedSeconds: number
  readonly backSeconds: number
  /** Answers while it was silent, by status; of refusals also the error's code. */
  readonly answers: Readonly<Record<string, number>>
}

const everyMs = 50
const patienceMs = 30_000

/**
 * Stops the authority as a hung machine is stopped (SIGSTOP: connections stay open and say nothing), shows a live token at
 * every door until each has closed, and lets it go on until each is open again.
 */
export async function cutFeed(system: RunningSystem, doors: readonly Door[], token: string): Promise<readonly Cut[]> {
  // Known at every door: what is new to one has to be asked about, and nobody answers then.
  await Promise.all(doors.map(door => until(door, token, '200')))
  const silentAt = performance.now()
  system.child.kill('SIGSTOP')
  try {
    const shut = await Promise.all(doors.map(door => until(door, token, closed)))
    const spokeAt = performance.now()
    system.child.kill('SIGCONT')
    const back = await Promise.all(doors.map(door => until(door, token, '200')))
    return doors.map(({ name, alarms }, n) => {
      const alarm = alarms.find(({ event, at }) => event === 'revocations_late' && at > silentAt)?.at ?? Number.NaN
      return {
        door: name,
        alarmSeconds: seconds(alarm - silentAt),
        closedSeconds: seconds((shut[n]?.at ?? Number.NaN) - silentAt),
        backSeconds: seconds((back[n]?.at ?? Number.NaN) - spokeAt),
        answers: shut[n]?.answers ?? {},
      }
    })
  } finally {
    system.child.kill('SIGCONT')
  }
}

/** What a door says that has not heard from the feed for too long (docs/errors/revocations_unavailable.md). */
const closed = '503 revocations_unavailable'

/** Shows the token until the door's answer is this. */
async function until({ name, address }: Door, token: string, wanted: string) {
  const answers: Record<string, number> = {}
  const givenUpAt = performance.now() + patienceMs
  while (performance.now() < givenUpAt) {
    const { status, text } = await show(address, token)
    const answer = status === 200 ? '200' : `${status} ${JSON.parse(text).code}`
    answers[answer] = (answers[answer] ?? 0) + 1
    if (answer === wanted) return { at: performance.now(), answers }
    await pause(everyMs)
  }
  throw new Error(`${name} never answered ${wanted}, but ${JSON.stringify(answers)}`)
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100
