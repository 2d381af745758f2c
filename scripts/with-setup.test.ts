import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** Starts the set-up by a Node that cannot become another one, as older ones cannot, with a script of this text. */
function start(t: TestContext, source: string, ...scriptArguments: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-set-up-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'script.mjs')
  writeFileSync(script, source)
  const withoutExecve = ['--import', 'data:text/javascript,delete process.execve']
  const child = spawn(
    process.execPath,
    [...withoutExecve, 'scripts/with-setup.mjs', relative(root, script), ...scriptArguments],
    { cwd: root },
  )
  let output = ''
  child.stdout.on('data', text => {
    output += String(text)
  })
  const ended = new Promise<{ readonly code: number | null; readonly signal: string | null; readonly output: string }>(
    done => {
      child.on('close', (code, signal) => done({ code, signal, output }))
    },
  )
  return { child, ended }
}

test('the script runs with the pinned Node, its arguments and its exit code', async t => {
  const { ended } = start(
    t,
    'console.log(process.execPath, process.argv.slice(2).join()); process.exit(7)',
    'a',
    '--b=c',
  )
  const { code, output } = await ended
  assert.equal(code, 7)
  assert.equal(output, `${join(root, 'node_modules/node/bin/node')} a,--b=c\n`)
})

test('a signal reaches the script, which ends as it wants; what it does not take ends both', async t => {
  const polite = start(
    t,
    "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up')",
  )
  await new Promise(up => polite.child.stdout.once('data', up))
  polite.child.kill('SIGTERM')
  assert.equal((await polite.ended).code, 3)
  const plain = start(t, "setInterval(() => {}, 1000); console.log('up')")
  await new Promise(up => plain.child.stdout.once('data', up))
  plain.child.kill('SIGTERM')
  assert.equal((await plain.ended).signal, 'SIGTERM')
})
