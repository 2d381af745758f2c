import { readFileSync } from 'node:fs'
import { nearest } from './nearest.ts'
import type { ConfigurationProblem } from './problem.ts'
import { type Section, variableOf } from './section.ts'

export interface EnvironmentOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `SALLYPORT_` variables that others read; they are not unknown. */
  readonly otherVariables?: readonly string[]
}

/** Where things are, and where the tests' tools are: no part of the configuration. */
const tools = ['VECTORS', 'OPA', 'CHROMIUM', 'NGINX', 'ENVOY', 'REDIS', 'POSTGRES'].map(name => `SALLYPORT_${name}`)
const alwaysKnown = ['SALLYPORT_HOME', 'SALLYPORT_CONFIG', ...tools]

/**
 * Reads every section's secrets from the environment: `SALLYPORT_…`, or the file that `SALLYPORT_…_FILE` names (without
 * its final line break). Anything else that begins with `SALLYPORT_` is a spelling mistake and is told.
 */
export function readSecrets(
  sections: readonly Section[],
  options: EnvironmentOptions,
  problems: ConfigurationProblem[],
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const known = [...alwaysKnown, ...(options.otherVariables ?? [])]
  const values = new Map<string, Record<string, unknown>>()
  for (const section of sections) {
    for (const [key, field] of Object.entries(section.fields)) {
      if (field.source !== 'environment') continue
      const variable = variableOf(section, key)
      known.push(variable, `${variable}_FILE`)
      const tell = problemTeller(problems, variable, field.range)
      const text = readOne(variable, options.environment, tell)
      const value =
        text === undefined
          ? undefined
          : field.parse(text, [section.name, key], (_at, problem) => tell(problem.reason, problem.got))
      if (text === undefined && !field.optional && !problems.some(problem => problem.key === variable))
        tell('missing', 'nothing')
      values.set(section.name, { ...values.get(section.name), [key]: value })
    }
  }
  for (const name of Object.keys(options.environment)) {
    if (!name.startsWith('SALLYPORT_') || known.includes(name)) continue
    const close = nearest(name, known)
    const expected =
      close === undefined ? 'the environment holds secrets only; all else goes into the file' : `nearest is ${close}`
    problems.push({
      reason: 'unknown_variable',
      key: name,
      line: undefined,
      expected,
      got: name,
      message: `${name} is unknown; ${expected}`,
    })
  }
  return values
}

type Tell = (reason: ConfigurationProblem['reason'], got: string) => void

function problemTeller(problems: ConfigurationProblem[], key: string, expected: string): Tell {
  return (reason, got) => {
    const verb = reason === 'missing' ? 'missing' : got
    problems.push({ reason, key, line: undefined, expected, got, message: `${key} is ${verb}; expected ${expected}` })
  }
}

function readOne(variable: string, environment: EnvironmentOptions['environment'], tell: Tell): string | undefined {
  const direct = environment[variable]
  const fileName = environment[`${variable}_FILE`]
  if (direct !== undefined && fileName !== undefined) {
    tell('out_of_range', `set twice, as itself and as ${variable}_FILE`)
    return undefined
  }
  if (fileName === undefined) return direct
  try {
    return readFileSync(fileName, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    tell('unreadable_file', `not readable from ${fileName} (${cause})`)
    return undefined
  }
}
