import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const deadline = pathToFileURL(join(import.meta.dirname, 'file-deadline.ts'))

function run(body: string, seconds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-deadline-'))
  const file = join(folder, 'some.test.mjs')
  writeFileSync(file, `import { createServer } from 'node:net'\nimport { test } from 'node:test'\n${body}\n`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const words = ['--test', `--import=${deadline}?seconds=${seconds}`, file]
  const { status, stdout } = spawnSync(process.execPath, words, { env, encoding: 'utf8', timeout: 60_000 })
  rmSync(folder, { recursive: true })
  return { status, stdout }
}

test('a test file that does not end is ended, and fails with its name and what it holds', () => {
  const { status, stdout } = run("createServer().listen(0)\ntest('passes', () => {})", 1)
  assert.equal(status, 1)
  assert.match(stdout, /some\.test\.mjs has not ended after 1 s\. It holds: .*1 TCPServerWrap/)
  assert.match(stdout, /pass 1\n[\s\S]*fail 1\n/)
})

test('one that ends is left alone, and so is what runs it', () => {
  const { status, stdout } = run("test('passes', () => new Promise(done => setTimeout(done, 200)))", 60)
  assert.equal(status, 0, stdout)
})
