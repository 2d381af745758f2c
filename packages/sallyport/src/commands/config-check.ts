import { flag, type Invocation, isFailure, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { findConfigurationFile, loadConfiguration } from '../configuration/load.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const file = findConfigurationFile(flag(invocation, 'config'), terminal.environment, terminal.directory)
  const loaded = loadConfiguration(file, terminal.environment)
  if (isFailure(loaded)) return loaded
  const { store: _secrets, ...values } = loaded.values
  return {
    text: `${file ?? 'No file: the defaults hold.'}${file === undefined ? '' : ' is valid.'}`,
    data: { file, values },
  }
}
