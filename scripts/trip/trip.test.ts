import assert from 'node:assert/strict'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { withEntries } from './entries.ts'
import { summarise } from './table.ts'

test('every function says its file when it is entered, and does what it did', () => {
  const source = `
    function plain(a: number): number { return a + 1 }
    const short = (a: number): { b: number } => ({ b: a })
    const long = async (a: number): Promise<number> => { return plain(a) }
    class Thing { constructor() { this.value = 1 } value: number; get twice(): number { return this.value * 2 } }
    globalThis.outcome = [plain(1), short(2).b, new Thing().twice, [1, 2].map(each => each + 1).join()]; void long(1)
  `
  const entered: string[] = []
  const run = new Function('enterFile', 'globalThis', stripTypeScriptTypes(withEntries('a.ts', source)))
  const world: { outcome?: unknown } = {}
  run((file: string) => entered.push(file), world)
  assert.deepEqual(world.outcome, [2, 2, 2, '2,3'])
  assert.deepEqual(
    entered,
    Array.from({ length: 8 }, () => 'a.ts'),
  )
})

test('changes count each step into another file, returns those into one already seen', () => {
  assert.deepEqual(summarise(['a', 'a', 'b', 'a', 'c', 'b']), {
    files: ['a', 'b', 'c'],
    changes: 4,
    returns: 2,
    entries: 6,
  })
  assert.deepEqual(summarise([]), { files: [], changes: 0, returns: 0, entries: 0 })
})
