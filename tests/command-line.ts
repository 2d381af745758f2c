import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { ownEnvironment, type RunningSystem } from './system.ts'

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)

/** `npx sallyport …` against a started system's home; rejects with what it said when it fails. */
export async function sallyport(
  system: Pick<RunningSystem, 'home'> & { readonly environment?: Readonly<Record<string, string>> },
  ...words: readonly string[]
): Promise<string> {
  const main = join(root, 'packages/sallyport/src/main.ts')
  const { stdout } = await run(process.execPath, [main, ...words], {
    cwd: root,
    env: { ...ownEnvironment(), SALLYPORT_HOME: system.home, ...system.environment },
  })
  return stdout.trim()
}
