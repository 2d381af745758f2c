import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemOfFile } from '../system.ts'
import { openDoors } from './doors.ts'
import { cutFeed } from './feed-cut.ts'
import { formats, Revocations, revokedKinds } from './revocations.ts'

const limitMs = 1_000
/** The bound is 10 s since the last message's signed time, which is in whole seconds; this machine may be busy. */
const closedWithinSeconds = { least: 6, most: 12 }

const system = await systemOfFile()
const doors = await openDoors(system, 2, 1)
after(() => doors.stop())
const revocations = new Revocations(system)

for (const kind of revokedKinds) {
  for (const format of formats) {
    test(`a token (${format}) whose ${kind} is revoked is refused by two guards and a gateway within a second of the answer (RFC 7009 §2.1)`, async () => {
      for (let round = 0; round < 3; round += 1) {
        const refused = await revocations.refusals(kind, format, doors.all)
        for (const { door, afterMs } of refused) assert.ok(afterMs < limitMs, `${door} after ${afterMs} ms`)
      }
    })
  }
}

test('a feed that falls silent is an alarm first and closes every door within 10 s, 503 and never 401; it opens them when it is back', async () => {
  const cuts = await cutFeed(system, doors.all, await revocations.live('JWT'))
  for (const { door, alarmSeconds, closedSeconds, answers } of cuts) {
    assert.ok(alarmSeconds >= 1.5 && alarmSeconds < closedSeconds, `${door}: alarm after ${alarmSeconds} s`)
    assert.ok(closedSeconds >= closedWithinSeconds.least, `${door} closed after ${closedSeconds} s`)
    assert.ok(closedSeconds <= closedWithinSeconds.most, `${door} closed after ${closedSeconds} s`)
    assert.deepEqual(Object.keys(answers).toSorted(), ['200', '503 revocations_unavailable'])
  }
})
