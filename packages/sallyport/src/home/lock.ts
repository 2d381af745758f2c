import { DatabaseSync } from 'node:sqlite'
import { CommandFailure } from '../command-line/command.ts'
import type { Home } from './home.ts'
import { readRunning } from './running.ts'

/**
 * Makes this process the only one that serves from the home. The lock is an exclusive transaction, which the system
 * ends with the process however it dies: no stale lock, and no process id that meanwhile is someone else's.
 *
 * @returns how to let go
 * @throws CommandFailure `home_in_use`
 */
export function lockHome(home: Home): () => void {
  const database = new DatabaseSync(home.lock, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (!(error instanceof Error && /locked|busy/i.test(error.message))) throw error
    throw inUse(home)
  }
  return () => database.close()
}

function inUse(home: Home): CommandFailure {
  const running = readRunning(home)
  return new CommandFailure({
    failed: 'failed',
    code: 'home_in_use',
    message: `Another Sallyport serves from ${home.folder}.`,
    ...(running === undefined ? {} : { got: `process ${running.pid}, ${running.issuer}` }),
    hint: 'Use that one (sallyport status), stop it, or give this one a folder of its own with --home.',
  })
}
