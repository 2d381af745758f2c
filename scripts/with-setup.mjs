/**
 * Runs a script of ours with the pinned Node, after installing what is missing: `node scripts/with-setup.mjs <script> [arguments]`.
 *
 * This file alone runs on whatever Node the machine has (20 or newer), so it is plain JavaScript on built-in modules.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stamp = join(modules, '.sallyport-lock')
const compileCache = process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'node-compile')
const pinnedNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

const [script, ...scriptArguments] = process.argv.slice(2)
if (script === undefined) fail('usage: node scripts/with-setup.mjs <script> [arguments]')

const lockText = readFileSync(join(root, 'package-lock.json'))
const lockHash = createHash('sha256').update(lockText).digest('hex')
if (!isStamped()) await install()
run()

function isStamped() {
  return existsSync(stamp) && existsSync(pinnedNode) && readFileSync(stamp, 'utf8') === lockHash
}

async function install() {
  if (!(existsSync(pinnedNode) && isInStep())) {
    const begun = Date.now()
    process.stderr.write('Installing what is missing (npm ci) … ')
    await npmCi()
    process.stderr.write(`done in ${Math.round((Date.now() - begun) / 1000)} s\n`)
  }
  if (!existsSync(pinnedNode)) {
    fail(
      `npm ran, but the pinned Node is not at ${pinnedNode}.\n` +
        'Its install script did not run (ignore-scripts=true in an .npmrc?). Run: npm rebuild node --ignore-scripts=false',
    )
  }
  warmUp()
  writeFileSync(stamp, lockHash)
}

/** Compiles our own modules once, as part of the installation; a start that finds them compiled is smaller and sooner ready. */
function warmUp() {
  const environment = { ...process.env, NODE_COMPILE_CACHE: compileCache }
  spawnSync(pinnedNode, [join(root, 'packages', 'sallyport', 'src', 'warm-up.ts')], {
    stdio: 'ignore',
    env: environment,
  })
}

/** Whether what somebody installed by hand is what the lockfile says; npm's own record of it tells. */
function isInStep() {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = JSON.parse(lockText.toString()).packages
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional === true || entry.devOptional === true || !path.includes('node_modules/'))
      return true
    return installed[path] !== undefined && installed[path].version === entry.version
  })
}

/** npm's output goes to a log, which is shown only when it fails. */
function npmCi() {
  const logName = join(tmpdir(), `sallyport-npm-ci-${process.pid}.log`)
  const log = openSync(logName, 'w')
  const npm = process.env.npm_execpath
  const command = npm?.endsWith('.js') ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const npmArguments = [
    ...(command === process.execPath ? [npm] : []),
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
  ]
  return new Promise(resolve => {
    const child = spawn(command, npmArguments, { cwd: root, stdio: ['ignore', log, log], shell: command === 'npm.cmd' })
    child.on('error', error => fail(`npm could not be started: ${error.message}`))
    child.on('exit', code => {
      closeSync(log)
      if (code !== 0) fail(`npm ci failed:\n${readFileSync(logName, 'utf8').slice(-4000)}\nThe whole log: ${logName}`)
      resolve()
    })
  })
}

function run() {
  const bin = [join(modules, '.bin'), dirname(pinnedNode)].join(delimiter)
  const environment = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    NODE_COMPILE_CACHE: compileCache,
    // glibc gives large blocks back when they are freed, instead of keeping the 19 MiB of each password hash.
    MALLOC_MMAP_THRESHOLD_: process.env.MALLOC_MMAP_THRESHOLD_ ?? '1048576',
  }
  const nodeArguments = [join(root, script), ...scriptArguments]
  // Where this Node can become the other one, no process is left in between.
  if (typeof process.execve === 'function') process.execve(pinnedNode, [pinnedNode, ...nodeArguments], environment)
  const child = spawn(pinnedNode, nodeArguments, { stdio: 'inherit', env: environment })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us; passing it on would send it twice.
      if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal)
    })
  }
  child.on('error', error => fail(`the pinned Node could not be started: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function fail(message) {
  process.stderr.write(`\n${message}\n`)
  process.exit(1)
}
