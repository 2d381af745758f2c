import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Configuration, type ConfigurationProblem, readConfiguration } from '@sallyport/server'
import type { Failure } from '../command-line/command.ts'
import { sections } from './sections.ts'

export type Settings = Configuration<typeof sections>

export interface LoadedConfiguration {
  readonly values: Settings
  /** The file that was read; `undefined` when there is none, and defaults hold. */
  readonly file: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables of ours that are not configuration. */
const otherVariables = ['SALLYPORT_HOME', 'SALLYPORT_CONFIG', 'SALLYPORT_CLIENT_SECRET']

/** The configuration file: `--config`, `$SALLYPORT_CONFIG`, `./sallyport.yaml`, `/etc/sallyport/sallyport.yaml`; the first wins. */
export function findConfigurationFile(
  flag: string | undefined,
  environment: Environment,
  directory: string,
): string | undefined {
  const named = flag ?? environment.SALLYPORT_CONFIG
  if (named !== undefined && named !== '') return resolve(directory, named)
  return [resolve(directory, 'sallyport.yaml'), '/etc/sallyport/sallyport.yaml'].find(path => existsSync(path))
}

/** Reads it. Everything that is wrong is told at once, each with its line and what was meant. */
export function loadConfiguration(file: string | undefined, environment: Environment): LoadedConfiguration | Failure {
  const text = file === undefined ? undefined : readText(file)
  if (typeof text === 'object') return text
  const read = readConfiguration(sections, { file: text, environment, otherVariables })
  return 'problems' in read ? problemsFailure(read.problems, file ?? 'environment') : { values: read.values, file }
}

function readText(file: string): string | Failure {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const got = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return {
      failed: 'config',
      code: 'config_unreadable',
      message: `The configuration ${file} cannot be read.`,
      got,
      hint: 'Name another with --config, or leave it out for the defaults.',
    }
  }
}

function problemsFailure(problems: readonly ConfigurationProblem[], file: string): Failure {
  const lines = problems.map(({ line, message }) => `  ${line === undefined ? file : `${file}:${line}`}: ${message}`)
  const what = problems.length === 1 ? 'One thing is' : `${problems.length} things are`
  const [first] = problems
  return {
    failed: 'config',
    code: 'config_key',
    message: `${what} wrong with the configuration; nothing was started.\n${lines.join('\n')}`,
    ...(problems.length === 1 && first !== undefined ? { expected: first.expected, got: first.got } : {}),
    hint: 'docs/reference/configuration.md lists every key.',
  }
}
