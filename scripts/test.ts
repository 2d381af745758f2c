/**
 * The project's tests: `npm test [-- [--services] [part of a path …] [node's own options]]`.
 *
 * Left out by name: tests under tests/services, which need real services and run with `--services`, and the public
 * vectors, which run where their folder is ($SALLYPORT_VECTORS, or ../shared/vectors beside the project).
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { missingServices } from './services.ts'

const root = resolve(import.meta.dirname, '..')
const patterns = [
  'packages/*/src/**/*.{test,vectors}.ts',
  'examples/**/*.test.ts',
  'tests/**/*.test.ts',
  'scripts/**/*.test.ts',
]
const servicesFolder = 'tests/services/'

const given = process.argv.slice(2)
const wantsServices = given.includes('--services')
const nodeOptions = given.filter(argument => argument.startsWith('-') && argument !== '--services')
const filters = given.filter(argument => !argument.startsWith('-'))

const found = globSync(patterns, { cwd: root, exclude: name => name.includes('node_modules') }).sort()
const matching = found.filter(file => filters.length === 0 || filters.some(part => file.includes(part)))
const vectors = vectorsFolder()
const leftOut = matching.filter(
  file => (!wantsServices && file.startsWith(servicesFolder)) || (vectors === undefined && isVectors(file)),
)
const chosen = matching.filter(file => !leftOut.includes(file))

if (wantsServices) requireServices()
for (const file of leftOut) {
  const why = isVectors(file)
    ? 'no folder of public vectors (SALLYPORT_VECTORS)'
    : 'needs real services (npm test -- --services)'
  process.stdout.write(`left out: ${file}: ${why}\n`)
}
if (chosen.length === 0) {
  process.stderr.write(`No test file matches ${filters.join(' ')}\n`)
  process.exit(1)
}
run(chosen)

function isVectors(file: string): boolean {
  return file.endsWith('.vectors.ts')
}

function vectorsFolder(): string | undefined {
  const folder = process.env.SALLYPORT_VECTORS ?? join(root, '..', 'shared', 'vectors')
  return existsSync(join(folder, 'wycheproof')) ? resolve(folder) : undefined
}

function requireServices(): void {
  const missing = missingServices(chosen.filter(file => file.startsWith(servicesFolder)).map(file => join(root, file)))
  if (vectors === undefined) missing.push('the public vectors: set SALLYPORT_VECTORS to their folder')
  if (missing.length === 0) return
  process.stderr.write(`Missing, so nothing was tested:\n${missing.map(line => `  ${line}\n`).join('')}`)
  process.exit(1)
}

function run(files: readonly string[]): void {
  const concurrency = `--test-concurrency=${Math.max(2, availableParallelism())}`
  const child = spawn(process.execPath, ['--test', concurrency, '--test-timeout=300000', ...nodeOptions, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(vectors === undefined ? {} : { SALLYPORT_VECTORS: vectors }) },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
