import assert from 'node:assert/strict'
import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { basename } from 'node:path'
import { eventually } from './eventually.ts'
import { watch } from './watchdog.ts'

/** A server that a test runs for itself. */
export interface OwnProcess {
  readonly pid: number
  readonly isOver: boolean
  /** The last of what it wrote to both outputs. */
  said(): string
  /** Waits until it is ready. @throws with what it said last, when it ended before or is not ready in a minute */
  until(isReady: () => Promise<boolean> | boolean, what: string): Promise<void>
  /** The same for one that may end, so that another is tried. @returns whether it is ready */
  untilOver(isReady: () => Promise<boolean> | boolean, what: string): Promise<boolean>
  signal(signal: NodeJS.Signals): void
  /** Waits for its end, which comes by itself. @throws when it does not come in 20 s, after which it is killed */
  ended(): Promise<void>
  /** Kills it, if it is not over, and removes its folder. */
  stop(): Promise<void>
}

const readyMs = 60_000
const endMs = 20_000
const mostSaid = 4_000

/**
 * Starts a server in a process group of its own.
 *
 * It ends with this process, however that ends, and never holds it up: a child that shared our output would keep the pipe
 * open to whoever runs the tests, who would then wait for it after a set-up that failed.
 *
 * @param folder  of its own, removed at its end by `stop`, or after ours
 */
export function ownProcess(
  command: string,
  words: readonly string[],
  { folder = '', ...options }: { readonly folder?: string } & Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> = {},
): OwnProcess {
  const child = spawn(command, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const { pid } = child
  const name = basename(command)
  let said = ''
  let end: string | undefined
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-mostSaid)
    })
    if (output instanceof Socket) output.unref()
  }
  child.unref()
  const watchdog = pid === undefined ? undefined : watch(-pid, folder)
  const over = (how: string) => {
    end = how
    watchdog?.kill('SIGKILL')
  }
  child.once('error', error => over(`did not start: ${error.message}`))
  child.once('exit', (code, signal) => over(`ended with ${code ?? signal}`))

  const signal = (which: NodeJS.Signals) => {
    if (end === undefined && pid !== undefined) process.kill(-pid, which)
  }
  const ended = async () => {
    if (end !== undefined) return
    child.ref()
    await once(child, 'exit', { signal: AbortSignal.timeout(endMs) }).catch(() => {
      signal('SIGKILL')
      assert.fail(`${name} did not end in ${endMs} ms\n${said}`)
    })
  }
  const untilOver: OwnProcess['untilOver'] = async (isReady, what) => {
    const settled = async () => end !== undefined || (await isReady())
    await eventually(settled, () => `${name}: ${what}\n${said}`, readyMs)
    return end === undefined
  }
  return {
    pid: pid ?? 0,
    get isOver() {
      return end !== undefined
    },
    said: () => said,
    untilOver,
    async until(isReady, what) {
      assert.ok(await untilOver(isReady, what), `${name} ${end} before: ${what}\n${said}`)
    },
    signal,
    ended,
    async stop() {
      signal('SIGKILL')
      await ended()
      if (folder !== '') rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whether somebody listens on a loopback port. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1')
    const answer = (open: boolean) => {
      socket.destroy()
      done(open)
    }
    socket.setTimeout(1_000, () => answer(false))
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}
