import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cancelOrder, noteOrder, placeOrder, refundOrder } from './order.ts'

const order = placeOrder('o1', { type: 'user', id: 'u' }, { item: 'Rope', quantity: 3, unit_price_cents: 700 }, 10)

test('an order is placed for its owner and amounts to quantity times unit price', () => {
  const { owner, owner_type, amount_cents, refunded_cents, status, created_at } = order
  assert.deepEqual(
    { owner, owner_type, amount_cents, refunded_cents, status, created_at },
    { owner: 'u', owner_type: 'user', amount_cents: 2100, refunded_cents: 0, status: 'placed', created_at: 10 },
  )
})

test('a note changes the note alone', () => {
  assert.deepEqual(noteOrder(order, 'ring twice', 20), { ...order, note: 'ring twice', updated_at: 20 })
})

test('only a placed order without refunds can be cancelled, and once', () => {
  const cancelled = cancelOrder(order, 20)
  assert.ok(!('conflict' in cancelled))
  assert.equal(cancelled.status, 'cancelled')
  assert.ok('conflict' in cancelOrder(cancelled, 30))
  assert.ok('conflict' in refundOrder(cancelled, 1, 30))
  assert.ok('conflict' in cancelOrder({ ...order, refunded_cents: 1 }, 30))
})

test('refunds never add up to more than was paid, and the last one closes the order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2200 }), { maxLength: 30 }), amounts => {
      let now = order
      for (const amount of amounts) {
        const after = refundOrder(now, amount, 30)
        if ('conflict' in after) continue
        assert.equal(after.refunded_cents, now.refunded_cents + amount)
        now = after
      }
      assert.ok(now.refunded_cents <= order.amount_cents)
      assert.equal(now.status === 'refunded', now.refunded_cents === order.amount_cents)
    }),
  )
})
