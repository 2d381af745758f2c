import { CommandFailure, flag, type Invocation, isFailure } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { findConfigurationFile, loadConfiguration, type Settings } from '../configuration/load.ts'
import { type DemoFile, readDemoFile } from '../demo/demo-file.ts'
import { type Home, homePaths } from '../home/home.ts'
import { readRunning } from '../home/running.ts'

/** The installation that a command is about: its data folder, and where it serves. */
export interface Installation {
  readonly home: Home
  readonly issuer: string
}

export const homeOf = (invocation: Invocation, terminal: Terminal): Home =>
  homePaths(flag(invocation, 'home'), terminal.environment, terminal.directory)

/** The configuration as a start would read it. @throws CommandFailure that names all that is wrong with it */
export function settingsOf(invocation: Invocation, { environment, directory }: Terminal): Settings {
  const loaded = loadConfiguration(
    findConfigurationFile(flag(invocation, 'config'), environment, directory),
    environment,
  )
  if (isFailure(loaded)) throw new CommandFailure(loaded)
  return loaded.values
}

/** @throws CommandFailure when nothing was ever started from the folder */
export function installationOf(invocation: Invocation, terminal: Terminal): Installation {
  const home = homeOf(invocation, terminal)
  const issuer = readRunning(home)?.issuer ?? readDemoFile(home)?.issuer
  if (issuer !== undefined) return { home, issuer }
  throw new CommandFailure({
    failed: 'unreachable',
    code: 'not_started',
    message: `Nothing was started from ${home.folder}.`,
    hint: 'Run npm start, or name the data folder with --home or $SALLYPORT_HOME.',
  })
}

/** @throws CommandFailure when the folder has no demo */
export function demoOf(home: Home): DemoFile {
  const demo = readDemoFile(home)
  if (demo !== undefined) return demo
  throw new CommandFailure({
    failed: 'failed',
    code: 'no_demo',
    message: `There is no demo in ${home.folder}.`,
    expected: home.demo,
    hint: 'npm start makes one.',
  })
}
