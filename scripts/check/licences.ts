import type { Check } from './check.ts'
import { lockEntries } from './lockfile.ts'

/** Licences that ask for nothing but a notice. */
const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'MIT-0',
  'Python-2.0',
])

/** Every package that users install has a licence from the list. */
export const licences: Check = {
  name: 'licences of what users install',
  run: tree => ({
    findings: Object.entries(lockEntries(tree))
      .filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true && entry.dev !== true)
      .filter(([, entry]) => !fits(entry.license ?? ''))
      .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')}: ${entry.license ?? 'no licence named'}`),
  }),
}

/** Whether an SPDX expression is allowed: one side of an OR, both of an AND. */
function fits(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1')
  if (bare.includes(' OR ')) return bare.split(' OR ').some(fits)
  if (bare.includes(' AND ')) return bare.split(' AND ').every(fits)
  return allowed.has(bare)
}
