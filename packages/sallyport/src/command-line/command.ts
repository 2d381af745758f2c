import type { Terminal } from './terminal.ts'

/** One row of the command table: what it is called, what it takes, how it is used. Code is loaded when it runs. */
export interface Command {
  /** `['client', 'add']`, or one word for those that stand alone. */
  readonly path: readonly string[]
  /** A sentence without a full stop, for lists of commands. */
  readonly summary: string
  /** Whole command lines; the help opens with them. */
  readonly examples: readonly string[]
  readonly operands?: readonly Operand[]
  readonly flags?: readonly Flag[]
  /** Asked before it runs, unless `--yes`; says what cannot be undone. */
  readonly confirm?: (invocation: Invocation) => string
  readonly load: () => Promise<{ readonly [name: string]: unknown; readonly run: Run }>
}

export interface Operand {
  readonly name: string
  readonly summary: string
  readonly optional?: true
}

export interface Flag {
  readonly name: string
  /** The word that stands for its value in the help; absent: the flag takes none. */
  readonly value?: string
  /** May be given several times. */
  readonly many?: true
  readonly summary: string
}

/** A command line that fits its command. */
export interface Invocation {
  readonly command: Command
  readonly operands: ReadonlyMap<string, string>
  /** Values by flag; a flag without a value has none, but is present. */
  readonly flags: ReadonlyMap<string, readonly string[]>
}

export type Run = (invocation: Invocation, terminal: Terminal) => Promise<Outcome>

export type Outcome = Done | Failure

/** What a command has to say: the same facts for people, for programs and for a shell. */
export interface Done {
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
  /** It looked for something that should not be there and found it: exit code 10. */
  readonly found?: true
  /** Variables for `-o env`. */
  readonly variables?: Readonly<Record<string, string>>
}

/** Why a command did not do what was asked. Every one says what was expected, what came and what to do, where known. */
export interface Failure {
  readonly failed: FailureKind
  /** A word of the error catalogue. */
  readonly code: string
  readonly message: string
  readonly expected?: string
  readonly got?: string
  readonly hint?: string
}

/** Exit codes: 0 is done. `found` is no failure: the command did its work and has something to report. */
export const exitCodes = { failed: 1, usage: 2, config: 3, refused: 4, unreachable: 5, found: 10 } as const

export type FailureKind = Exclude<keyof typeof exitCodes, 'found'>

export function isFailure<T extends object>(value: T | Failure): value is Failure {
  return 'failed' in value
}

/** A failure on its way up through code that cannot return one. Caught once, where commands are run. */
export class CommandFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.name = 'CommandFailure'
    this.failure = failure
  }
}

/** The one value of a flag that is given once, or `undefined`. */
export const flag = (invocation: Invocation, name: string): string | undefined => invocation.flags.get(name)?.at(-1)

/** Every value of a flag; a value may hold several, separated by spaces or commas. */
export const flagList = (invocation: Invocation, name: string): readonly string[] =>
  (invocation.flags.get(name) ?? []).flatMap(value => value.split(/[\s,]+/)).filter(value => value !== '')

export const operand = (invocation: Invocation, name: string): string => {
  const value = invocation.operands.get(name)
  if (value === undefined) throw new Error(`${name} is not an operand of ${invocation.command.path.join(' ')}`)
  return value
}
