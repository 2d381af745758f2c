import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export const SERVER_CORE = '0'
/** The load's core, and that of whatever serves both sides. */
export const LOAD_CORE = '1'

/** Clock ticks a second, in which Linux counts processor time. */
const TICKS = 100

/** A server process of one side, on a core of its own. */
export interface PinnedServer<Said = unknown> {
  /** What it printed when it was ready. */
  readonly said: Said
  /** For orders to it, and its answers. */
  readonly input: Writable | null
  readonly output: Readable | null
  /** Processor seconds used so far, all threads. */
  processorSeconds(): number
  stop(): Promise<void>
}

/**
 * Starts a script of bench/sides/ by this Node, alone on its core, and waits for the one JSON line it prints when it
 * serves. `BENCH_PROFILE` names a folder for processor profiles (`--cpu-prof`).
 */
export function startPinned<Said>(script: string, words: readonly string[] = []): Promise<PinnedServer<Said>> {
  const folder = process.env.BENCH_PROFILE
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  return startProgram([process.execPath, ...profile, join(import.meta.dirname, script), ...words])
}

/** A script of bench/sides/ that belongs to the load: on its core. */
export function startBesideLoad<Said>(script: string, words: readonly string[]): Promise<PinnedServer<Said>> {
  return startProgram([process.execPath, join(import.meta.dirname, script), ...words], LOAD_CORE)
}

/** Any program that prints one JSON line when it serves, alone on its core. */
export async function startProgram<Said>(
  command: readonly string[],
  core: string = SERVER_CORE,
): Promise<PinnedServer<Said>> {
  const child = spawn('taskset', ['-c', core, ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const said = await firstLine(child)
  return {
    said: JSON.parse(said),
    input: child.stdin,
    output: child.stdout,
    processorSeconds: () => processorSeconds(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of the server is not read')
  // Not iterated: that would end the stream after the first line.
  const lines = createInterface(child.stdout)
  const ended = once(child, 'exit').then(() => {
    throw new Error('the server ended before it was ready')
  })
  const [line] = await Promise.race([once(lines, 'line'), ended])
  lines.close()
  return String(line)
}

/** Keeps a process that runs, all threads of it, on one core. */
export function pin(pid: number, core: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', core, String(pid)], { stdio: 'ignore' })
}

/** Processor seconds that a process used so far, all threads. */
export function processorSeconds(pid: number): number {
  // After the name in brackets: user and system time are the 12th and 13th field (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
