import type { Done, Failure } from './command.ts'

export type Format = 'text' | 'json' | 'env'

/** What goes to stdout for a command that did its work. */
export function renderDone(done: Done, format: Format): string {
  if (format === 'json') return `${JSON.stringify(done.data)}\n`
  if (format === 'env') {
    return Object.entries(done.variables ?? {})
      .map(([name, value]) => `${name}=${shellQuote(value)}\n`)
      .join('')
  }
  return done.text === '' || done.text.endsWith('\n') ? done.text : `${done.text}\n`
}

/** What goes to stderr (stdout with `--json`) for one that did not: what happened, what was expected, what to do. */
export function renderFailure(failure: Failure, format: Format): string {
  if (format === 'json') {
    const { failed, code, message, expected, got, hint } = failure
    return `${JSON.stringify({ error: code, kind: failed, message, expected, got, hint })}\n`
  }
  const lines = [
    failure.message,
    failure.expected === undefined ? undefined : `  expected: ${failure.expected}`,
    failure.got === undefined ? undefined : `  got:      ${failure.got}`,
    failure.hint === undefined ? undefined : `  ${failure.hint}`,
  ]
  return `${lines.filter(line => line !== undefined).join('\n')}\n`
}

/** Rows in columns as wide as their widest cell, under their titles. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, ...rows]
  const widths = titles.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shellQuote(value: string): string {
  return /^[\w./:@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}

/** A record's members, one a line; times as they are read by people. */
export function members(record: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(record).map(([name, value]) => [name, shownMember(name, value)] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** Unix seconds as a date and time in UTC. */
export const shownTime = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function shownMember(name: string, value: unknown): string {
  if (typeof value === 'number' && /(_at|^exp|^iat|^auth_time|_from|_until)$/.test(name)) return shownTime(value)
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
