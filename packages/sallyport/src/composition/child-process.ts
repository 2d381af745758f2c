import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Log } from '@sallyport/server'

export interface Supervised {
  readonly name: string
  /** A script and its arguments, run by this Node. */
  readonly script: string
  readonly args: readonly string[]
  /** What the child may know of the environment: nothing of ours. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether it answers. */
  ready(): Promise<boolean>
  /** Gets each line of its standard error. */
  said(line: string): void
}

export interface Supervisor {
  /** Starts the child and waits until it answers. @throws Error when it ended, or does not answer in time */
  start(): Promise<void>
  stop(): Promise<void>
  pid(): number | undefined
}

const readyMs = 15_000
const pollMs = 25
const restartMs = { first: 200, most: 10_000 }
const calmMs = 60_000
const killMs = 5_000

/**
 * Keeps a child process running: started again when it ends, with growing pauses while it keeps ending, and ended with
 * us. The child also ends by itself when we do not exist any more, because its standard input closes.
 */
export function supervise(child: Supervised, log: Log): Supervisor {
  let running: ChildProcess | undefined
  let stopping = false
  let pauseMs = restartMs.first
  let timer: NodeJS.Timeout | undefined

  const launch = (): ChildProcess => {
    const startedAt = Date.now()
    const launched = spawn(process.execPath, [child.script, ...child.args], {
      env: child.environment,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    if (launched.stderr !== null) createInterface(launched.stderr).on('line', line => child.said(line))
    launched.on('error', error => log.error('child_failed', { child: child.name, cause: error }))
    launched.on('exit', (code, signal) => {
      running = undefined
      if (stopping) return
      log.error('child_ended', { child: child.name, code, signal, again_in_ms: pauseMs })
      timer = setTimeout(() => {
        running = launch()
      }, pauseMs)
      pauseMs = Date.now() - startedAt > calmMs ? restartMs.first : Math.min(pauseMs * 2, restartMs.most)
    })
    return launched
  }

  return {
    start: async () => {
      running = launch()
      const deadline = Date.now() + readyMs
      while (!(await child.ready())) {
        if (running === undefined || Date.now() > deadline) {
          throw new Error(`${child.name} does not answer; the log says why`)
        }
        await new Promise(resolve => setTimeout(resolve, pollMs))
      }
    },
    stop: async () => {
      stopping = true
      clearTimeout(timer)
      const ending = running
      if (ending === undefined) return
      const ended = new Promise<void>(resolve => ending.once('exit', () => resolve()))
      ending.kill('SIGTERM')
      const force = setTimeout(() => ending.kill('SIGKILL'), killMs)
      await ended
      clearTimeout(force)
    },
    pid: () => running?.pid,
  }
}
