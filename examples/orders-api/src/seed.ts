import { placeOrder } from './order.ts'
import type { OrderStore } from './order-store.ts'

/** Demo owners by name, such as `alice` → `user_…`: whose orders are `alice-1` and `alice-2`. */
export type DemoOwners = ReadonlyMap<string, string>

const DEMO_ORDERS = [
  { item: 'Harbour lamp', quantity: 1, unit_price_cents: 4200 },
  // Over the policy's limit of 100.00: a refund of this one needs a step-up.
  { item: 'Hemp rope, 50 m', quantity: 2, unit_price_cents: 12450 },
] as const

/** Places the demo's orders where they are missing; what was done to them since stays. */
export function seedOrders(orders: OrderStore, owners: DemoOwners, nowSeconds: number): void {
  for (const [name, id] of owners) {
    for (const [index, wanted] of DEMO_ORDERS.entries()) {
      const orderId = `${name}-${index + 1}`
      if (orders.find(orderId) !== undefined) continue
      orders.insert(placeOrder(orderId, { type: 'user', id }, wanted, nowSeconds - 60 * (index + 1)))
    }
  }
}
