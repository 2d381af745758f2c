import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCursor, writeCursor } from './cursor.ts'
import { InvalidInput } from './problem.ts'

test('a cursor is read as it was written', () => {
  const position = { createdAt: 1_700_000_000, id: 'alice-1' }
  assert.deepEqual(readCursor(writeCursor(position)), position)
})

test('a cursor that was not ours is refused', () => {
  for (const text of [
    '',
    'x',
    '!!',
    Buffer.from('1:').toString('base64url'),
    Buffer.from("1:a' OR 1=1").toString('base64url'),
  ]) {
    assert.throws(() => readCursor(text), InvalidInput, text)
  }
})
