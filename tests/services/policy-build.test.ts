import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { opaCommand } from './opa.ts'

const root = join(import.meta.dirname, '../..')
const capabilities = ['--capabilities', 'policies/capabilities.json']
const policies = ['policies/owner', 'policies/orders', 'policies/tests']

test('the committed modules are, byte for byte, what OPA compiles the committed Rego to', () => {
  opaCommand()
  execFileSync(process.execPath, ['scripts/policy-build.ts', '--check'], { cwd: root, encoding: 'utf8' })
})

test('opa test passes, and covers every line of both policies', () => {
  const report = execFileSync(opaCommand(), ['test', '--coverage', ...capabilities, ...policies], {
    cwd: root,
    encoding: 'utf8',
  })
  const { files }: { files: Record<string, { coverage: number }> } = JSON.parse(report)
  for (const name of ['owner', 'orders']) assert.equal(files[`policies/${name}/${name}.rego`]?.coverage, 100)
})

test('a policy that reads the clock or the network does not compile: the capabilities have neither', context => {
  const home = mkdtempSync(join(tmpdir(), 'rego-'))
  context.after(() => rmSync(home, { recursive: true }))
  for (const call of [
    'time.now_ns()',
    'http.send({"method": "get", "url": "http://localhost"})',
    'rand.intn("x", 2)',
  ]) {
    writeFileSync(join(home, 'x.rego'), `package x\n\nn := ${call}\n`)
    const check = () => execFileSync(opaCommand(), ['check', ...capabilities, home], { cwd: root, stdio: 'pipe' })
    assert.throws(check, /undefined function/)
  }
})
