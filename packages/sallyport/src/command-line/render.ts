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
