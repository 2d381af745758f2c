import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bannedCalls } from './banned-calls.ts'
import type { Check } from './check.ts'
import { circles } from './circles.ts'
import { docLinks } from './doc-links.ts'
import { errorPages } from './error-pages.ts'
import { holes } from './holes.ts'
import { importDirections } from './import-directions.ts'
import { indexFiles } from './index-files.ts'
import { installScripts } from './install-scripts.ts'
import { licences } from './licences.ts'
import { sourceTree } from './source-tree.ts'
import { standardsRows } from './standards-rows.ts'
import { testBeside } from './test-beside.ts'
import { words } from './words.ts'

async function findings(check: Check, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const tree = sourceTree(
    '/nowhere',
    Object.keys(files),
    file => files[file] ?? assert.fail(`${file} is not in the tree`),
  )
  return (await check.run(tree)).findings
}

const rule = 'packages/guard/src/rule.ts'

test('the world is refused in pure code, by call, by member and by import', async () => {
  const uses = {
    'const a = Date.now()': 'Date.now',
    'const a = new Date()': 'new Date',
    'const a = Math.random()': 'Math.random',
    "import { randomBytes } from 'node:crypto'": 'import of randomBytes',
    'const a = crypto.randomUUID()': 'crypto.randomUUID',
    'const a = await fetch("https://a")': 'fetch',
    'const a = globalThis.fetch': 'globalThis.fetch',
    'const a = process.env.HOME': 'process.env',
    'setTimeout(() => 1, 2)': 'setTimeout',
    'const a = performance.now()': 'performance.now',
  }
  for (const [source, name] of Object.entries(uses)) {
    assert.deepEqual(await findings(bannedCalls, { [rule]: `\n${source}` }), [`${rule}:2: ${name}`], source)
  }
})

test('comments, strings, arguments of that name and the places of the world do not trip it', async () => {
  const innocent = [
    '// Date.now() and fetch(x)',
    'const a = "Math.random() and setTimeout("',
    'export const f = (fetch: (url: string) => string) => fetch("a")',
    'export const g = ({ fetch }: { fetch(url: string): string }) => fetch("a")',
    'export const h = (context: { fetch(url: string): string }) => context.fetch("a")',
    'export const at = (seconds: number, date: Date) => date.getTime() > seconds',
  ]
  assert.deepEqual(await findings(bannedCalls, { [rule]: innocent.join('\n') }), [])
  for (const file of [
    'packages/guard/src/http/a.ts',
    'packages/server/src/a.ts',
    'packages/store/src/a.ts',
    'packages/guard/src/a.test.ts',
  ]) {
    assert.deepEqual(await findings(bannedCalls, { [file]: 'Date.now()' }), [], file)
  }
})

test('holes in types, errors and tests are found, and only in code', async () => {
  const source = [
    'const a: any = 1',
    'const b = a!.c',
    'const c = a as unknown as string',
    'try { a() } catch { /* quiet */ }',
    '// @ts-expect-error: later',
    'const text = "any // @ts-ignore catch {}"',
  ].join('\n')
  assert.deepEqual(await findings(holes, { [rule]: source }), [
    `${rule}:5: @ts-expect-error: later`,
    `${rule}:1: any`,
    `${rule}:2: non-null !`,
    `${rule}:3: as unknown as`,
    `${rule}:4: a catch that does nothing`,
  ])
  const skipped =
    "test('a', { skip: true }, () => {})\ntest.todo('b')\nt.skip('c')\ntest('d', { timeout: 5 }, () => {})"
  assert.deepEqual(await findings(holes, { 'packages/guard/src/a.test.ts': skipped }), [
    'packages/guard/src/a.test.ts:1: skip',
    'packages/guard/src/a.test.ts:2: test.todo',
    'packages/guard/src/a.test.ts:3: t.skip',
  ])
})

const manifests = {
  'packages/guard/package.json':
    '{"name":"@sallyport/guard","exports":{".":"./src/index.ts","./fastify":"./src/http/fastify.ts"}}',
  'packages/store/package.json':
    '{"name":"@sallyport/store","exports":{".":"./src/index.ts","./suite":"./src/contract.suite.ts"}}',
  'packages/credentials/package.json': '{"name":"@sallyport/credentials","exports":{".":"./src/index.ts"}}',
  'examples/orders-api/package.json': '{"name":"orders-api"}',
}

test('imports run downwards only, by entry points, and examples use what is published', async () => {
  const judge = (file: string, specifier: string) =>
    findings(importDirections, { ...manifests, [file]: `import '${specifier}'` })
  for (const [file, specifier] of [
    [rule, '@sallyport/credentials'],
    [rule, './other.ts'],
    [rule, 'node:crypto'],
    ['examples/orders-api/src/a.ts', '@sallyport/guard/fastify'],
    ['packages/store/src/a.test.ts', '@sallyport/store/suite'],
  ] as const) {
    assert.deepEqual(await judge(file, specifier), [], `${file} ${specifier}`)
  }
  for (const [file, specifier, finding] of [
    [rule, '@sallyport/store', 'guard may not import store'],
    ['packages/credentials/src/a.ts', '@sallyport/guard', 'credentials may not import guard'],
    ['examples/orders-api/src/a.ts', '@sallyport/store', 'an example may not import store'],
    [
      rule,
      '@sallyport/credentials/src/jwt.ts',
      '@sallyport/credentials/src/jwt.ts is not an entry point of its package',
    ],
    [rule, '../../credentials/src/jwt.ts', '../../credentials/src/jwt.ts leaves packages/guard'],
    [rule, 'orders-api', 'orders-api is an example, which nothing imports'],
    ['packages/store/src/a.ts', '@sallyport/store/suite', '@sallyport/store/suite is for tests'],
  ] as const) {
    assert.deepEqual(await judge(file, specifier), [`${file}:1: ${finding}`])
  }
})

test('a circle of values is found, one of types alone is none', async () => {
  const circle = (kind: string) => ({
    'packages/guard/src/a.ts': `${kind} { b } from './b.ts'`,
    'packages/guard/src/b.ts': `${kind} { a } from './a.ts'`,
  })
  assert.deepEqual(await findings(circles, circle('import')), [
    'packages/guard/src/a.ts → packages/guard/src/b.ts → packages/guard/src/a.ts',
  ])
  assert.deepEqual(await findings(circles, circle('import type')), [])
})

test('a rule without its test, an index with code and an index in a folder are found', async () => {
  const lonely = 'packages/authority/src/rules/scope.ts'
  assert.equal((await findings(testBeside, { [lonely]: '' })).length, 1)
  assert.equal(
    (await findings(testBeside, { [lonely]: '', 'packages/authority/src/rules/scope.test.ts': '' })).length,
    0,
  )
  assert.deepEqual(
    await findings(indexFiles, { 'packages/guard/src/index.ts': "export * from './a.ts'\nexport const a = 1" }),
    ['packages/guard/src/index.ts:2: not a re-export'],
  )
  assert.equal((await findings(indexFiles, { 'packages/guard/src/http/index.ts': '' })).length, 1)
})

test('drawers and promises are found, a placeholder of a form is none', async () => {
  assert.equal((await findings(words, { 'packages/guard/src/utils.ts': '' })).length, 1)
  assert.equal((await findings(words, { 'packages/guard/src/helpers/a.ts': '' })).length, 1)
  assert.equal((await findings(words, { [rule]: `// ${'TO'}DO` })).length, 1)
  assert.equal((await findings(words, { [rule]: '// this is for n' + 'ow' })).length, 1)
  assert.equal((await findings(words, { [rule]: 'const a = `<input placeholder="x">`' })).length, 0)
})

test('a link that leads nowhere or names no heading is found, in text only', async () => {
  const pages = {
    'README.md':
      '[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#the-first-one) [d](docs/a.md#none) [e](https://x.example) `[f](none.md)`',
    'docs/a.md': '# The first, one\n[home](../README.md) [folder](.)',
  }
  assert.deepEqual(await findings(docLinks, pages), [
    'README.md:1: docs/b.md leads nowhere',
    'README.md:1: docs/a.md#d names no heading'.replace('#d', '#none'),
  ])
})

test('a code without a page and a page without a code are found', async () => {
  const files = {
    [rule]: "export const a = { error: 'invalid_request', reason: 'too_loud' }\nexport const b = { reason: 'inner' }",
    'packages/guard/src/error-codes.ts':
      'export const errorCodes = { token_missing: { door: 1 } } as const satisfies object',
    'docs/errors/token_missing.md': '',
    'docs/errors/gone.md': '',
  }
  assert.deepEqual(await findings(errorPages, files), [
    `${rule}:1: too_loud has no page docs/errors/too_loud.md`,
    'docs/errors/gone.md: no code of that name',
  ])
})

test('a row is tested by the number its test begins with, or open by the page', async () => {
  const numbers = [
    ...Array.from({ length: 32 }, (_, at) => at + 1),
    ...Array.from({ length: 9 }, (_, at) => at + 39),
    51,
    52,
    53,
    54,
    55,
    56,
    68,
  ]
  const tests = numbers.map(row => `test('S${row} is proven', () => {})`).join('\n')
  const page = '# Rows\nS77\n\n## Open\n\n- S70–S75: later\n- S76 too\n\n## End\n'
  const files = { 'packages/guard/src/a.test.ts': tests, 'docs/standards.md': page }
  assert.deepEqual(await findings(standardsRows, files), [
    'S77 has no test and docs/standards.md does not list it as open',
  ])
  const more = { ...files, 'packages/guard/src/b.test.ts': "test('S76, S77 and not S71 here', () => {})" }
  assert.deepEqual(await findings(standardsRows, more), ['S76 has a test, but docs/standards.md lists it as open'])
})

test('a licence off the list and an install script are found', async () => {
  const lock = {
    'node_modules/a': { license: '(MIT OR GPL-3.0)' },
    'node_modules/b': { license: 'GPL-3.0' },
    'node_modules/c': { license: 'GPL-3.0', dev: true },
    'node_modules/node': { license: 'MIT', hasInstallScript: true },
    'node_modules/d': { license: 'MIT', hasInstallScript: true },
  }
  const files = {
    'package-lock.json': JSON.stringify({ packages: lock }),
    'package.json': '{"allowScripts":{"node":true}}',
  }
  assert.deepEqual(await findings(licences, files), ['b: GPL-3.0'])
  assert.deepEqual(await findings(installScripts, files), ['node_modules/d runs a script when it is installed'])
})
