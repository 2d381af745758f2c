import type { Owner } from '@sallyport/policy'

export type OrderStatus = 'placed' | 'cancelled' | 'refunded'

/** An order, as stored and as policy and callers see it. Money is whole cents, time is Unix seconds. */
export interface Order {
  readonly id: string
  readonly owner: string
  readonly owner_type: Owner['type']
  readonly item: string
  readonly quantity: number
  readonly unit_price_cents: number
  readonly amount_cents: number
  readonly refunded_cents: number
  readonly note?: string
  readonly status: OrderStatus
  readonly created_at: number
  readonly updated_at: number
}

export interface NewOrder {
  readonly item: string
  readonly quantity: number
  readonly unit_price_cents: number
  readonly note?: string
}

/** Why an order's state does not allow what the policy did. */
export interface Conflict {
  readonly conflict: 'not_placed' | 'over_amount' | 'changed_meanwhile'
  readonly detail: string
}

export function placeOrder(id: string, owner: Owner, wanted: NewOrder, nowSeconds: number): Order {
  const amount_cents = wanted.quantity * wanted.unit_price_cents
  const { type: owner_type, id: ownerId } = owner
  const times = { created_at: nowSeconds, updated_at: nowSeconds }
  return { id, owner: ownerId, owner_type, ...wanted, amount_cents, refunded_cents: 0, status: 'placed', ...times }
}

export function noteOrder(order: Order, note: string, nowSeconds: number): Order {
  return { ...order, note, updated_at: nowSeconds }
}

export function cancelOrder(order: Order, nowSeconds: number): Order | Conflict {
  if (order.status !== 'placed') return { conflict: 'not_placed', detail: `The order is ${order.status} already.` }
  if (order.refunded_cents > 0) return { conflict: 'not_placed', detail: 'A part of the order was refunded already.' }
  return { ...order, status: 'cancelled', updated_at: nowSeconds }
}

export function refundOrder(order: Order, amountCents: number, nowSeconds: number): Order | Conflict {
  if (order.status !== 'placed') return { conflict: 'not_placed', detail: `The order is ${order.status} already.` }
  const refunded_cents = order.refunded_cents + amountCents
  if (refunded_cents > order.amount_cents) {
    return { conflict: 'over_amount', detail: `${order.amount_cents - order.refunded_cents} cents are left to refund.` }
  }
  const status = refunded_cents === order.amount_cents ? 'refunded' : 'placed'
  return { ...order, refunded_cents, status, updated_at: nowSeconds }
}
