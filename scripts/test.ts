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
import { pathToFileURL } from 'node:url'
import { missingServices } from './services.ts'

const root = resolve(import.meta.dirname, '..')
/** Each bound is far above what is needed, also on a machine that does other things; what reaches one fails by name. */
const [testSeconds, fileSeconds, allSeconds] = [300, 900, 1500]
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

/** In a process group of its own, so that at the end nothing of it is left. */
function run(files: readonly string[]): void {
  const deadline = `${pathToFileURL(join(import.meta.dirname, 'file-deadline.ts'))}?seconds=${fileSeconds}`
  const bounds = [`--test-timeout=${testSeconds * 1000}`, `--import=${deadline}`]
  const concurrency = `--test-concurrency=${Math.max(2, availableParallelism())}`
  const child = spawn(process.execPath, ['--test', concurrency, ...bounds, ...nodeOptions, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(vectors === undefined ? {} : { SALLYPORT_VECTORS: vectors }) },
    detached: true,
  })
  const signalAll = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => signalAll(signal))
  const late = setTimeout(() => {
    process.stderr.write(`The tests have not ended after ${allSeconds} s and are killed.\n`)
    signalAll('SIGKILL')
  }, allSeconds * 1000)
  child.on('exit', code => {
    clearTimeout(late)
    process.exitCode = code ?? 1
  })
}
