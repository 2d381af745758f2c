import { createInterface } from 'node:readline/promises'

/** Where a command reads and writes, and what it may assume of who is there. */
export interface Terminal {
  /** Answers go here, and nothing else. */
  out(text: string): void
  /** Steps, warnings and questions go here. */
  note(text: string): void
  /** Whether a person can answer: both ends are terminals and `--no-input` was not given. */
  readonly interactive: boolean
  /** Whether colour may be used (`NO_COLOR`, a terminal). */
  readonly colour: boolean
  readonly json: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The working directory. */
  readonly directory: string
  /** Asks and waits for a yes; `false` for anything else. */
  confirm(question: string): Promise<boolean>
}

export interface TerminalOptions {
  readonly json: boolean
  readonly noInput: boolean
}

/**
 * The terminal of this process. Who read the output may have gone (`sallyport start | head`): that ends nothing here, least of
 * all a server.
 */
export function processTerminal(options: TerminalOptions): Terminal {
  for (const stream of [process.stdout, process.stderr])
    if (stream.listenerCount('error') === 0) stream.on('error', unlessGone)
  const interactive = !options.noInput && process.stdin.isTTY === true && process.stderr.isTTY === true
  return {
    out: text => void process.stdout.write(text),
    note: text => void process.stderr.write(text),
    interactive,
    colour: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
    json: options.json,
    environment: process.env,
    directory: process.cwd(),
    confirm: async question => {
      const prompt = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim())
      } finally {
        prompt.close()
      }
    },
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
