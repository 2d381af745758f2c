/** What a probe on function entry saw of one request. */
export interface Trip {
  /** The files in the order of their first entry. */
  readonly files: readonly string[]
  /** How often the next function entered was in another file. */
  readonly changes: number
  /** How many of these changes led back into a file already left. */
  readonly returns: number
  readonly entries: number
}

export function summarise(entries: readonly string[]): Trip {
  const seen = new Set<string>()
  let changes = 0
  let returns = 0
  let before: string | undefined
  for (const file of entries) {
    if (file !== before && before !== undefined) {
      changes += 1
      if (seen.has(file)) returns += 1
    }
    seen.add(file)
    before = file
  }
  return { files: [...seen], changes, returns, entries: entries.length }
}

/** The figures and the way as Markdown. */
export function tripTable(plain: Trip, proven: Trip): string {
  const more = proven.files.filter(file => !plain.files.includes(file))
  return [
    '| code to JWT access token, refresh token and ID token | files | changes of file | returns | function entries |',
    '|---|---|---|---|---|',
    row('client_secret_basic', plain),
    row('the same with a DPoP proof', proven),
    '',
    'In the order of their first entry (paths in `packages/*/src`):',
    '',
    ...plain.files.map((file, at) => `${at + 1}. \`${short(file)}\``),
    '',
    `With a proof also: ${more.map(file => `\`${short(file)}\``).join(', ')}.`,
  ].join('\n')
}

function row(name: string, trip: Trip): string {
  return `| ${name} | ${trip.files.length} | ${trip.changes} | ${trip.returns} | ${trip.entries} |`
}

function short(file: string): string {
  return file.replace(/^packages\/([^/]+)\/src\//, '$1/')
}
