import { readFileSync } from 'node:fs'

/** The release, as the package says it. */
export function releaseVersion(): string {
  const text: { version?: unknown } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String(text.version)
}
