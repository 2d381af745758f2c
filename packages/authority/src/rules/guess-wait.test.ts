import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountGuesses, guessWait } from './guess-wait.ts'

const wait = (failures: number, ago = 0) => guessWait({ failures, last: 1000 - ago }, accountGuesses, 1000)

test('the first guesses are free, then the wait doubles up to its longest (NIST SP 800-63B §5.2.2)', () => {
  assert.equal(guessWait(undefined, accountGuesses, 1000), 0)
  assert.deepEqual(
    [0, 4, 5, 6, 7, 8].map(failures => wait(failures)),
    [0, 0, 2, 4, 8, 16],
  )
  assert.equal(wait(1_000_000), 300)
})

test('a wait passes: nobody is locked out for good', () => {
  assert.equal(wait(7, 5), 3)
  assert.equal(wait(7, 8), 0)
  assert.equal(wait(1_000_000, 300), 0)
})
