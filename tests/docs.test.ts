import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { ownEnvironment, systemOfFile } from './system.ts'

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)
const system = await systemOfFile()

/** `npx` as the reader's shell finds it, at the pinned Node and this system's home. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-docs-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const main = join(root, 'packages/sallyport/src/main.ts')
writeFileSync(join(folder, 'npx'), `#!/bin/sh\nshift\nexec ${process.execPath} ${main} "$@"\n`)
chmodSync(join(folder, 'npx'), 0o755)

const addresses: readonly (readonly [printed: string, real: string])[] = [
  ['localhost:4000', new URL(system.issuer).host],
  ['localhost:4100', new URL(system.gateway).host],
  ['localhost:4200', new URL(system.app).host],
  ['localhost:4300', new URL(system.ordersApi).host],
]

/** The page's `sh` blocks as one script that stops at the first failure and checks each status the page promises. */
function scriptOf(page: string): string {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
    match => match[1] ?? '',
  )
  assert.ok(blocks.length > 0, `${page} has no sh block`)
  const checked = blocks
    .join('\n')
    .replaceAll(
      /^(curl .*?) {2}# (\d{3})$/gm,
      (_, command, status) =>
        `${command} 2>/dev/null | grep -q "^HTTP/1.1 ${status} " || { echo "not ${status}: ${command.replaceAll(/["$`\\]/g, '')}"; exit 1; }`,
    )
  const placed = addresses.reduce((text, [printed, real]) => text.replaceAll(printed, real), checked)
  return `set -eu\n${placed}`
}

/** What differs from one run to the next, by what it is. */
const varying: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{24}\b/g, '<request>'],
  [/\b\d\d:\d\d:\d\d\.\d{3}\b/g, '<time>'],
  [/\buser_[0-9A-Za-z]{20}\b/g, '<user>'],
]

function comparable(text: string): readonly string[] {
  const alike = varying.reduce((so, [pattern, name]) => so.replaceAll(pattern, name), text)
  return alike.split('\n').map(line => line.trimEnd())
}

/** The lines that a page shows of what its commands print: the blocks right after its `sh` blocks. `…` stands for any. */
function shownBy(page: string): readonly string[] {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n[\s\S]*?^```\n\n```\n([\s\S]*?)^```/gm)
  return comparable([...blocks].map(match => match[1] ?? '').join('')).filter(
    line => line !== '' && line.trim() !== '…',
  )
}

function assertInOrder(shown: readonly string[], printed: readonly string[]): void {
  let from = 0
  for (const line of shown) {
    const at = printed.indexOf(line, from)
    assert.ok(at >= 0, `the page shows a line that is not printed, or not there: ${line}\n\n${printed.join('\n')}`)
    from = at + 1
  }
}

const pages = [
  { page: 'docs/tutorial.md', shows: 0 },
  { page: 'README.md', shows: 5 },
]
for (const { page, shows } of pages) {
  test(`every command of ${page} does and prints what the page says`, async () => {
    const environment = {
      ...ownEnvironment(),
      SALLYPORT_HOME: system.home,
      PATH: `${folder}${delimiter}${process.env.PATH}`,
    }
    const { stdout } = await run('bash', ['-c', scriptOf(page)], { cwd: root, env: environment }).catch(
      (error: { stdout?: string; stderr?: string }) => assert.fail(`${error.stdout}\n${error.stderr}`),
    )
    const shown = shownBy(page)
    assert.equal(shown.length, shows, shown.join('\n'))
    assertInOrder(shown, comparable(stdout))
  })
}
