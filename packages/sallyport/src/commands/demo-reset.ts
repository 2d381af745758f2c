import { rmSync } from 'node:fs'
import { homeOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { readDemoFile } from '../demo/demo-file.ts'
import { homeFiles } from '../home/home.ts'
import { lockHome } from '../home/lock.ts'

/** Removes what a start made, and nothing else that may lie in the folder. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  if (readDemoFile(home) === undefined) return { text: `There is no demo in ${home.folder}.`, data: { removed: false } }
  const unlock = lockHome(home)
  for (const path of homeFiles(home)) rmSync(path, { recursive: true, force: true })
  unlock()
  rmSync(home.lock, { force: true })
  return { text: 'The demo is gone. npm start makes another, with other passwords.', data: { removed: true } }
}
