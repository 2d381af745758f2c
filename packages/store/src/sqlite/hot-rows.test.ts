import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HotRows, NO_ROW } from './hot-rows.ts'

const row = (value: string) => ({ key: 'k', value, version: 1, expiresAt: undefined, usedAt: undefined })

test('a name is remembered when it is asked for a second time, with its row or that there is none', () => {
  const hot = new HotRows()
  hot.read('a', row('1'))
  hot.read('b', undefined)
  assert.deepEqual([hot.find('a'), hot.find('b')], [undefined, undefined])
  hot.read('a', row('1'))
  hot.read('b', undefined)
  assert.deepEqual([hot.find('a'), hot.find('b')], [row('1'), NO_ROW])
  hot.forget()
  assert.deepEqual([hot.find('a'), hot.find('b')], [undefined, undefined])
  hot.read('a', row('2'))
  assert.equal(hot.find('a'), undefined, 'that it was asked for is forgotten too')
})

test('reads of ever other rows are not remembered, and no more than a few hundred short ones are', () => {
  const hot = new HotRows()
  for (let n = 0; n < 10_000; n += 1) hot.read(`once ${n % 5_000}`, undefined)
  assert.equal(hot.size, 0)
  for (let n = 0; n < 10_000; n += 1) for (const _ of [1, 2]) hot.read(`twice ${n}`, undefined)
  assert.ok(hot.size > 0 && hot.size <= 256, `${hot.size}`)
  for (const _ of [1, 2, 3]) {
    hot.read('long value', row('x'.repeat(1_025)))
    hot.read('x'.repeat(257), undefined)
  }
  assert.deepEqual([hot.find('long value'), hot.find('x'.repeat(257))], [undefined, undefined])
})
