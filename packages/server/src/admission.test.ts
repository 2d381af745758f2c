import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission, admissionRules } from './admission.ts'

const rules = { few: 10, fewest: 4, most: 40, delayMs: 25, intervalMs: 100 }

/** Of a process that works for half of the time. */
const halfOf = (nowMs: number) => () => nowMs / 2

const enterAll = (admission: Admission, count: number, isFirst = false): number =>
  Array.from({ length: count }, () => admission.enter(isFirst)).filter(isIn => isIn).length

/** So many milliseconds in which work waits so long, told every ten. */
function wait(admission: Admission, delayMs: number, fromMs: number, forMs: number): number {
  for (let at = fromMs; at < fromMs + forMs; at += 10) admission.waited(delayMs, at, halfOf(at))
  return fromMs + forMs
}

test('without waiting everybody is let in, up to the most in flight', () => {
  const admission = new Admission(rules)
  assert.equal(enterAll(admission, 100), 40)
  assert.equal(admission.inFlight, 40)
  admission.left(5)
  assert.equal(enterAll(admission, 100), 5)
})

test('a wait that stands for an interval turns away the requests over the few but for one in fifty, and the few never (RFC 8289 §3)', () => {
  const admission = new Admission(rules)
  wait(admission, 26, 0, 400)
  assert.equal(admission.share, 0.98)
  assert.equal(enterAll(admission, rules.few + 100), rules.few + 2)
})

test('a burst that is worked off, and one long pause, turn nobody away: the shortest wait of an interval counts', () => {
  const admission = new Admission(rules)
  for (let at = 0; at < 1000; at += 10) admission.waited(at % 50 === 0 ? 1 : 500, at, halfOf(at))
  assert.equal(admission.share, 0)
})

test('of those over the few an even share is turned away while the waiting ends, not all of a while', () => {
  const admission = new Admission({ ...rules, most: 1000 })
  const now = wait(admission, 26, 0, 200)
  wait(admission, 1, now, 2500)
  assert.equal(Math.round(admission.share * 100), 50)
  enterAll(admission, 10)
  const turns = Array.from({ length: 8 }, () => admission.enter(false))
  assert.equal(turns.filter(isIn => isIn).length, 4)
  assert.equal(turns.lastIndexOf(true) - turns.indexOf(true), 6)
})

test('when the waiting ends everybody is let in again, step by step, and at once after a rest', () => {
  const admission = new Admission(rules)
  let now = wait(admission, 26, 0, 400)
  now = wait(admission, 1, now, 300)
  assert.ok(admission.share > 0 && admission.share < 1, String(admission.share))
  now = wait(admission, 1, now, 6000)
  assert.equal(admission.share, 0)
  now = wait(admission, 26, now, 400)
  assert.equal(admission.share, 0.98)
  admission.waited(1, now + 1000, halfOf(now + 1000))
  assert.equal(admission.share, 0)
})

test('what ends something is let in where others are turned away, and is bounded too', () => {
  const admission = new Admission(rules)
  wait(admission, 26, 0, 400)
  assert.equal(enterAll(admission, 50), 10)
  assert.equal(enterAll(admission, 100, true), 70)
  assert.equal(enterAll(admission, 1), 0)
})

test('those who hold places and do nothing do not shut the others out: the share follows the wait alone', () => {
  const admission = new Admission({ ...rules, most: 1000 })
  assert.equal(enterAll(admission, 10), 10, 'they stay')
  let isIn = 0
  for (let at = 0; at < 20_000; at += 10) {
    // Whatever is let in beside them makes the next one wait too long.
    const entered = enterAll(admission, 1)
    admission.waited(entered === 1 ? 60 : 1, at, halfOf(at))
    admission.left(entered)
    isIn += entered
  }
  assert.ok(isIn > 500, `${isIn} of 2000`)
})

test('once somebody is turned away while the queue stands, fewer are let in whatever comes, and more again after it', () => {
  const admission = new Admission({ ...rules, few: 16 })
  let now = wait(admission, 26, 0, 300)
  for (const few of [16, 4, 4]) {
    const entered = enterAll(admission, few + 10)
    assert.equal(entered, few)
    admission.left(entered)
    now = wait(admission, 26, now, 100)
  }
  wait(admission, 1, now, 10_000)
  assert.equal(enterAll(admission, 100), 40)
})

/** Intervals in which rounds are short and each answer takes so long, of a process that works for a share of the time. */
function answerAll(
  admission: Admission,
  afterMs: number,
  workShare: number,
  fromMs: number,
  intervals: number,
): number {
  const end = fromMs + intervals * rules.intervalMs
  for (let at = fromMs; at < end; at += 10) {
    admission.waited(1, at, () => at * workShare)
    admission.answered(afterMs)
  }
  return end
}

test('a process that never rests has a queue when the quickest answer takes too long, however short its rounds are', () => {
  const admission = new Admission(rules)
  const now = answerAll(admission, 26, 1, 0, 4)
  assert.equal(admission.share, 0.98)
  const later = answerAll(admission, 24, 1, now, 60)
  assert.equal(admission.share, 0)
  admission.answered(500)
  answerAll(admission, 24, 1, later, 4)
  assert.equal(admission.share, 0, 'one that took long is no queue')
})

test('answers that wait for somebody else are no queue: the process rests meanwhile', () => {
  const admission = new Admission(rules)
  answerAll(admission, 500, 0.9, 0, 10)
  assert.equal(admission.share, 0)
})

test('an interval in which nothing was answered is no queue: who turns everybody away would never hear that it is over', () => {
  const admission = new Admission(rules)
  for (let at = 0; at < 1000; at += 10) admission.waited(1, at, () => at)
  assert.equal(admission.share, 0)
})

test('those who hold all places of the few, in a process that only turns others away, do not shut them out for good', () => {
  const admission = new Admission({ ...rules, most: 1000 })
  assert.equal(enterAll(admission, rules.few), rules.few, 'they stay')
  let now = answerAll(admission, 26, 1, 0, 3)
  let isIn = 0
  for (const end = now + 20_000; now < end; now += 1) {
    const entered = enterAll(admission, 1)
    admission.waited(1, now, () => now)
    if (entered === 1) admission.answered(2)
    admission.left(entered)
    isIn += entered
  }
  assert.ok(isIn > 10_000, `${isIn} of 20000`)
})

test('the usual rules let 320 requests in flight work as fast as they can', () => {
  assert.equal(enterAll(new Admission(), 320), 320)
  const crowded = new Admission()
  wait(crowded, admissionRules.delayMs + 1, 0, 400)
  assert.equal(enterAll(crowded, 320 + 49), 320)
})
