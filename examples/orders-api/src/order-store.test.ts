import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Owner } from '@sallyport/policy'
import { type Order, placeOrder, refundOrder } from './order.ts'
import { type OrderStore, openOrderStore } from './order-store.ts'

const alice: Owner = { type: 'user', id: 'user_alice' }
const bob: Owner = { type: 'user', id: 'user_bob' }
const machine: Owner = { type: 'client', id: 'user_alice' }

function open(context: TestContext): OrderStore {
  const home = mkdtempSync(join(tmpdir(), 'orders-'))
  const orders = openOrderStore(join(home, 'orders.db'))
  context.after(() => {
    orders.close()
    rmSync(home, { recursive: true })
  })
  return orders
}

function placed(id: string, owner: Owner, at = 10): Order {
  return placeOrder(id, owner, { item: 'Rope', quantity: 1, unit_price_cents: 1000 }, at)
}

const ids = (orders: readonly Order[]) => orders.map(order => order.id)

test('what is stored is found again, and survives a restart', context => {
  const home = mkdtempSync(join(tmpdir(), 'orders-'))
  context.after(() => rmSync(home, { recursive: true }))
  const path = join(home, 'orders.db')
  const first = openOrderStore(path)
  const order = { ...placed('a1', alice), note: 'ring twice' }
  first.insert(order)
  first.close()
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const second = openOrderStore(path)
  assert.deepEqual(second.find('a1'), order)
  assert.equal(second.find('a2'), undefined)
  second.close()
})

test('the filter is applied where orders are read: all, some owners, nobody', context => {
  const orders = open(context)
  for (const order of [placed('a1', alice, 1), placed('b1', bob, 2), placed('m1', machine, 3)]) orders.insert(order)
  assert.deepEqual(ids(orders.page({ seen: { all: true }, limit: 10 })), ['m1', 'b1', 'a1'])
  assert.deepEqual(ids(orders.page({ seen: { owners: [alice] }, limit: 10 })), ['a1'])
  assert.deepEqual(ids(orders.page({ seen: { owners: [machine, bob] }, limit: 10 })), ['m1', 'b1'])
  assert.deepEqual(ids(orders.page({ seen: { owners: [] }, limit: 10 })), [])
})

test('narrowing to another owner never widens what the filter lets through', context => {
  const orders = open(context)
  for (const order of [placed('a1', alice), placed('b1', bob)]) orders.insert(order)
  assert.deepEqual(ids(orders.page({ seen: { owners: [alice] }, owner: 'user_bob', limit: 10 })), [])
  assert.deepEqual(ids(orders.page({ seen: { all: true }, owner: 'user_bob', limit: 10 })), ['b1'])
})

test('a batch holds of the ids asked for only those that the filter lets through', context => {
  const orders = open(context)
  for (const order of [placed('a1', alice), placed('b1', bob)]) orders.insert(order)
  assert.deepEqual(ids(orders.findSeen(['a1', 'b1', 'c1'], { owners: [alice] })), ['a1'])
  assert.deepEqual(ids(orders.findSeen(['a1', 'b1', 'c1'], { all: true })), ['a1', 'b1'])
})

test('pages follow each other without gap or repetition, in one second too', context => {
  const orders = open(context)
  for (let index = 0; index < 25; index += 1)
    orders.insert(placed(`o${String(index).padStart(2, '0')}`, alice, index >> 3))
  const seen = { owners: [alice] }
  const all = ids(orders.page({ seen, limit: 100 }))
  const paged: string[] = []
  for (let page = orders.page({ seen, limit: 4 }); page.length > 0; ) {
    paged.push(...ids(page))
    const last = page.at(-1)
    assert.ok(last)
    page = orders.page({ seen, limit: 4, after: { createdAt: last.created_at, id: last.id } })
  }
  assert.equal(new Set(paged).size, 25)
  assert.deepEqual(paged, all)
})

test('an order that changed since it was judged is not replaced: of two refunds judged alike, one is stored', context => {
  const orders = open(context)
  orders.insert(placed('a1', alice))
  const before = orders.find('a1')
  assert.ok(before)
  const after = refundOrder(before, 600, 20)
  assert.ok(!('conflict' in after))
  assert.deepEqual(orders.replace(before, after), after)
  const second = orders.replace(before, after)
  assert.ok('conflict' in second)
  assert.equal(orders.find('a1')?.refunded_cents, 600)
})
