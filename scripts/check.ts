/** All checks of the project: `npm run check [-- part of a check's name …]`. */
import { resolve } from 'node:path'
import { bannedCalls } from './check/banned-calls.ts'
import type { Check } from './check/check.ts'
import { circles } from './check/circles.ts'
import { compiler } from './check/compiler.ts'
import { docLinks } from './check/doc-links.ts'
import { errorPages } from './check/error-pages.ts'
import { formatAndLint } from './check/format-and-lint.ts'
import { holes } from './check/holes.ts'
import { importDirections } from './check/import-directions.ts'
import { indexFiles } from './check/index-files.ts'
import { installScripts } from './check/install-scripts.ts'
import { licences } from './check/licences.ts'
import { lockfile } from './check/lockfile.ts'
import { machinePaths } from './check/machine-paths.ts'
import { readSourceTree } from './check/source-tree.ts'
import { standardsRows } from './check/standards-rows.ts'
import { testBeside } from './check/test-beside.ts'
import { unused } from './check/unused.ts'
import { vulnerabilities } from './check/vulnerabilities.ts'
import { words } from './check/words.ts'

const checks: readonly Check[] = [
  compiler,
  formatAndLint,
  unused,
  importDirections,
  circles,
  bannedCalls,
  holes,
  testBeside,
  indexFiles,
  words,
  machinePaths,
  lockfile,
  licences,
  installScripts,
  vulnerabilities,
  docLinks,
  errorPages,
  standardsRows,
]

const filters = process.argv.slice(2)
const chosen = checks.filter(check => filters.length === 0 || filters.some(part => check.name.includes(part)))
const tree = readSourceTree(resolve(import.meta.dirname, '..'))
const outcomes = await Promise.all(chosen.map(async check => ({ check, outcome: await check.run(tree) })))

let failed = 0
for (const { check, outcome } of outcomes) {
  const { findings, notDone } = outcome
  if (findings.length > 0) failed += 1
  const mark = findings.length > 0 ? 'FAILED  ' : notDone === undefined ? 'ok      ' : 'not done'
  process.stdout.write(`${mark} ${check.name}${notDone === undefined ? '' : `: ${notDone}`}\n`)
  for (const finding of findings) process.stdout.write(`           ${finding}\n`)
}
const undone = outcomes.filter(({ outcome }) => outcome.notDone !== undefined).length
process.stdout.write(
  `${chosen.length} checks: ${chosen.length - failed - undone} passed, ${failed} failed, ${undone} not done\n`,
)
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1
