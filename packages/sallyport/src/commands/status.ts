import { callJson } from '../client/call.ts'
import { homeOf } from '../client/installation.ts'
import { CommandFailure, type Invocation, type Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { readRunning } from '../home/running.ts'

/** Asks each part whether it is ready. Exit 5 when one does not answer, 1 when one is not ready. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const running = readRunning(home)
  if (running === undefined) {
    return {
      failed: 'unreachable',
      code: 'not_started',
      message: `Nothing runs from ${home.folder}.`,
      hint: 'Run npm start.',
    }
  }
  const parts = Object.entries(running.addresses).filter(([, address]) => address.startsWith('http://'))
  const items = await Promise.all(parts.map(([part, address]) => ask(part, address)))
  const text = table(
    ['part', 'address', 'state'],
    items.map(({ part, address, state }) => [part, address, state]),
  )
  const silent = items.filter(({ state }) => state !== 'ready')
  if (silent.length === 0) return { text, data: { pid: running.pid, items } }
  terminal.note(`${text}\n`)
  const failed = silent.some(({ state }) => state === 'unreachable') ? 'unreachable' : 'failed'
  return { failed, code: 'not_ready', message: `Not ready: ${silent.map(({ part }) => part).join(', ')}.` }
}

async function ask(part: string, address: string) {
  try {
    const { status } = await callJson(`${address}/readyz`)
    return { part, address, state: status === 200 ? 'ready' : 'not ready' }
  } catch (error) {
    if (error instanceof CommandFailure) return { part, address, state: 'unreachable' }
    throw error
  }
}
