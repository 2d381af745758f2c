import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestName } from './nearest-name.ts'

test('a misspelt name finds the one that was meant', () => {
  const names = ['read:orders', 'write:orders', 'openid']
  assert.equal(nearestName('wirte:orders', names), 'write:orders')
  assert.equal(nearestName('Read:Orders', names), 'read:orders')
  assert.equal(nearestName('opneid', names), 'openid')
})

test('a name that is like none finds none', () => {
  assert.equal(nearestName('something else', ['read:orders']), undefined)
  assert.equal(nearestName('', ['read:orders']), undefined)
  assert.equal(nearestName('x'.repeat(100_000), ['read:orders', 'y'.repeat(100_000)]), undefined, 'and costs nothing')
})
