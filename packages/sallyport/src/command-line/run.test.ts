import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, CommandFailure, type Outcome } from './command.ts'
import { runCommandLine } from './run.ts'
import { commands } from './table.ts'
import type { Terminal, TerminalOptions } from './terminal.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly note: string
}

async function run(words: readonly string[], table: readonly Command[] = commands, answers?: boolean): Promise<Ran> {
  let out = ''
  let note = ''
  const open = (options: TerminalOptions): Terminal => ({
    out: text => {
      out += text
    },
    note: text => {
      note += text
    },
    interactive: answers !== undefined && !options.noInput,
    colour: false,
    json: options.json,
    environment: {},
    directory: '/nowhere',
    confirm: async () => answers === true,
  })
  const code = await runCommandLine(words, table, '1.2.3', open)
  return { code, out, note }
}

function one(outcome: Outcome | Error, changes: Partial<Command> = {}): readonly Command[] {
  const run = async () => {
    if (outcome instanceof Error) throw outcome
    return outcome
  }
  return [
    {
      path: ['thing', 'do'],
      summary: 'Does it',
      examples: ['sallyport thing do'],
      load: async () => ({ run }),
      ...changes,
    },
  ]
}

const done = { text: 'Done.', data: { done: true }, variables: { A_TOKEN: "it's" } }

test('help opens with examples, of all commands, of a noun and of one', async () => {
  for (const words of [
    [],
    ['--help'],
    ['help'],
    ['client'],
    ['client', '--help'],
    ['token', 'get', '--help'],
    ['help', 'start'],
  ]) {
    const { code, out } = await run(words)
    assert.equal(code, 0, words.join(' '))
    assert.match(out, /^Examples\n {2}\S/, words.join(' '))
  }
})

test('every command has its code, a summary without a full stop, and examples that fit it', async () => {
  const paths = commands.map(({ path }) => path.join(' '))
  assert.equal(new Set(paths).size, paths.length)
  for (const { path, summary, examples, load } of commands) {
    assert.equal(typeof (await load()).run, 'function', path.join(' '))
    assert.doesNotMatch(summary, /\.$/)
    assert.ok(examples.length > 0)
    for (const example of examples) {
      assert.ok(example === 'npm start' || example.includes(`sallyport ${path.join(' ')}`), example)
    }
  }
})

test('the version is the one of the release', async () => {
  assert.equal((await run(['--version'])).out, 'sallyport 1.2.3\n')
})

test('typing slips suggest: commands, flags, nouns (exit 2)', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['client lsit', /expected: sallyport client list/],
    ['cleint list', /expected: sallyport client list/],
    ['clinet add', /expected: sallyport client add/],
    ['strat', /expected: sallyport start/],
    ['token get --ass alice', /expected: --as/],
    ['token get --as', /needs a value/],
    ['token get --as a --as b', /given twice/],
    ['key list extra', /a word too many/],
    ['client show', /<client_id> is missing/],
    ['key list --json=yes', /takes no value/],
  ]
  for (const [line, expected] of cases) {
    const { code, note } = await run(line.split(' '))
    assert.equal(code, 2, line)
    assert.match(note, expected, line)
  }
})

test('an answer is text, JSON or shell assignments, as asked', async () => {
  const table = one(done)
  assert.equal((await run(['thing', 'do'], table)).out, 'Done.\n')
  assert.equal((await run(['thing', 'do', '--json'], table)).out, '{"done":true}\n')
  assert.equal((await run(['thing', 'do', '-o', 'env'], table)).out, "A_TOKEN='it'\\''s'\n")
  const unknown = await run(['thing', 'do', '-o', 'xml'], table)
  assert.deepEqual([unknown.code, unknown.out], [2, ''])
})

test('the exit code says what kind of failure it was, and --json says all of it on stdout', async () => {
  const kinds = [
    ['failed', 1],
    ['usage', 2],
    ['config', 3],
    ['refused', 4],
    ['unreachable', 5],
  ] as const
  for (const [failed, code] of kinds) {
    const failure = { failed, code: 'why', message: 'No.', expected: 'x', got: 'y', hint: 'Do z.' }
    const plain = await run(['thing', 'do'], one(failure))
    assert.deepEqual([plain.code, plain.out], [code, ''])
    assert.equal(plain.note, 'No.\n  expected: x\n  got:      y\n  Do z.\n')
    const json = await run(['thing', 'do', '--json'], one(new CommandFailure(failure)))
    assert.equal(json.code, code)
    assert.deepEqual(JSON.parse(json.out), {
      error: 'why',
      kind: failed,
      message: 'No.',
      expected: 'x',
      got: 'y',
      hint: 'Do z.',
    })
  }
})

test('an error that nobody expected is one line and no stack', async () => {
  const { code, note } = await run(['thing', 'do'], one(new TypeError('x is not a function')))
  assert.equal(code, 1)
  assert.match(note, /^x is not a function\n/)
  assert.doesNotMatch(note, /at .*\.ts:/)
})

test('what cannot be undone asks first; --yes goes on, and without a terminal it is refused', async () => {
  const table = one(done, { confirm: () => 'Really?' })
  assert.deepEqual((await run(['thing', 'do'], table, true)).code, 0)
  assert.match((await run(['thing', 'do'], table, false)).note, /Nothing was changed/)
  assert.equal((await run(['thing', 'do'], table)).code, 2)
  assert.equal((await run(['thing', 'do', '--no-input'], table, true)).code, 2)
  assert.equal((await run(['thing', 'do', '--yes'], table)).code, 0)
})
