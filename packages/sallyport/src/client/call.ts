import { CommandFailure } from '../command-line/command.ts'

const callMs = 20_000

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** One HTTP call of the command line. @throws CommandFailure `unreachable` (exit 5) */
export async function call(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(callMs), ...init })
  } catch (error) {
    throw unreachable(`${new URL(url).origin} does not answer.`, error)
  }
}

/**
 * The same for an answer in JSON; a body that is none reads as empty.
 *
 * @throws CommandFailure `unreachable` (exit 5), also for an answer that is cut off in its body
 */
export async function callJson(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await call(url, init)
  const { status, headers } = answer
  try {
    return { status, headers, body: readObject(await answer.text()) }
  } catch (error) {
    throw unreachable(`${new URL(url).origin} did not finish its answer.`, error)
  }
}

function unreachable(message: string, error: unknown): CommandFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const got = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  const hint = 'Start it with npm start, or name the right data folder with --home.'
  return new CommandFailure({ failed: 'unreachable', code: 'unreachable', message, got, hint })
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** A refusal of the authority in the words of a command: exit 4, or 1 where the authority itself failed. */
export function refusedBy(answer: Answer, what: string): CommandFailure {
  const { body, status } = answer
  const text = (name: string): string | undefined => (typeof body[name] === 'string' ? body[name] : undefined)
  const code = text('reason') ?? text('code') ?? text('error') ?? `http_${status}`
  const errors = Array.isArray(body.errors) ? body.errors.map(describeIssue) : []
  const hint = text('error_description') ?? text('detail')
  const expected = text('expected')
  const got = text('got')
  return new CommandFailure({
    failed: status >= 500 ? 'failed' : 'refused',
    code,
    message: [`${text('title') ?? `${what} was refused (${text('error') ?? status}).`}`, ...errors].join('\n'),
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  })
}

function describeIssue(issue: unknown): string {
  const { pointer = '', expected = '', got = '', hint = '' } = Object(issue)
  const place = String(pointer).replace(/^\//, '').replaceAll('/', '.')
  return `  ${place}: expected ${expected}; got ${got}${hint === '' ? '' : `. ${hint}`}`
}
