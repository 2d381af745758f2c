import { randomBytes } from 'node:crypto'
import type { Caller } from '@sallyport/guard'
import { collection } from '@sallyport/guard'
import type { Protect } from '@sallyport/guard/fastify'
import type { ListFilter, Owner } from '@sallyport/policy'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod, RouteShorthandOptions } from 'fastify'
import type { Access, ListQuestion } from './access.ts'
import { contractRoute } from './contract.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { type Conflict, cancelOrder, type NewOrder, noteOrder, type Order, placeOrder, refundOrder } from './order.ts'
import type { OrderStore } from './order-store.ts'
import { InvalidInput, sendProblem } from './problem.ts'

export interface Parts {
  readonly protect: Protect
  readonly access: Access
  readonly orders: OrderStore
}

/** Every operation: its doors, and what it does once they are passed. */
export function registerRoutes(app: FastifyInstance, { protect, access, orders }: Parts): void {
  const all = collection('orders')
  const find = (request: FastifyRequest) => orders.find(idOf(request))
  const store = (request: FastifyRequest, reply: FastifyReply, after: Order | Conflict) =>
    answer(request, reply, 'conflict' in after ? after : orders.replace(judged(request), after))

  /** Who calls is asked before the body is read. */
  const operation = (id: string, doors: RouteShorthandOptions, handler: RouteHandlerMethod) => {
    const { method, url, schema } = contractRoute(id)
    app.route({ method, url, schema, ...doors, handler })
  }

  operation('listOrders', { onRequest: protect('read:orders', { list: all }) }, async (request, reply) => {
    const seen = await access.seen(request.caller, question('list', request))
    if ('refused' in seen) return refuseList(request, reply, seen)
    return listPage(orders, seen, request.query as ListQuery)
  })

  operation('readOrders', { onRequest: protect('read:orders', { read_batch: all }) }, async (request, reply) => {
    const { ids } = request.body as { ids: readonly string[] }
    const seen = await access.seen(request.caller, question('read_batch', request))
    if ('refused' in seen) return refuseList(request, reply, seen)
    const found = orders.findSeen(ids, seen)
    const known = new Set(found.map(order => order.id))
    return { orders: found, not_found: ids.filter(id => !known.has(id)) }
  })

  operation('createOrder', { onRequest: protect('write:orders', { create: all }) }, (request, reply) => {
    const id = `ord_${randomBytes(10).toString('hex')}`
    const order = placeOrder(id, ownerOf(request.caller), request.body as NewOrder, nowSeconds())
    orders.insert(order)
    return reply.code(201).header('location', `/orders/${id}`).send(order)
  })

  operation('readOrder', { onRequest: protect('read:orders', { read: find }) }, judged)

  operation('updateOrder', { onRequest: protect('write:orders', { update: find }) }, (request, reply) => {
    const { note } = request.body as { note: string }
    return store(request, reply, noteOrder(judged(request), note, nowSeconds()))
  })

  operation('cancelOrder', { onRequest: protect('write:orders', { cancel: find }) }, (request, reply) =>
    store(request, reply, cancelOrder(judged(request), nowSeconds())),
  )

  // The policy judges the amount, so the doors stand behind the reading of the body.
  const refund = protect('refund:orders', { refund: find }, { context: refundContext })
  operation('refundOrder', { preValidation: refund }, (request, reply) => {
    const { amount_cents } = request.body as RefundBody
    return store(request, reply, refundOrder(judged(request), amount_cents, nowSeconds()))
  })
}

interface RefundBody {
  readonly amount_cents: number
}

interface ListQuery {
  readonly limit: string
  readonly cursor?: string
  readonly status?: string
  readonly owner?: string
}

function listPage(orders: OrderStore, seen: Exclude<ListFilter, { refused: string }>, query: ListQuery) {
  const { cursor, status, owner } = query
  const limit = Number(query.limit)
  const found = orders.page({
    seen,
    limit: limit + 1,
    ...(status !== undefined && { status }),
    ...(owner !== undefined && { owner }),
    ...(cursor !== undefined && { after: readCursor(cursor) }),
  })
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const more = found.length > limit && last !== undefined
  return { orders: page, ...(more && { next_cursor: writeCursor({ createdAt: last.created_at, id: last.id }) }) }
}

/**
 * What the policy is told of a refund: how much, and how the token was bound before the gateway swapped it.
 *
 * @throws InvalidInput before the policy is asked about an amount that is none
 */
function refundContext(request: FastifyRequest) {
  if (request.validateInput(request.body ?? null, 'body') !== true) throw new InvalidInput('body is no Refund')
  const { amount_cents } = request.body as RefundBody
  const { sender } = request.caller.claims
  return { amount_cents, ...(typeof sender === 'string' && { sender_outside: sender }) }
}

function answer(request: FastifyRequest, reply: FastifyReply, result: Order | Conflict): Order | FastifyReply {
  if (!('conflict' in result)) return result
  const { conflict, detail } = result
  return sendProblem(request, reply, {
    status: 409,
    code: conflict,
    title: 'The order is not in a state for this.',
    detail,
  })
}

function refuseList(request: FastifyRequest, reply: FastifyReply, { refused }: { refused: string }): FastifyReply {
  return sendProblem(request, reply, { status: 403, code: refused, title: 'The policy gave no answer.' })
}

/** The order that the policy judged: what is stored must still be this. */
function judged(request: FastifyRequest): Order {
  return request.object as Order
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}

function ownerOf({ subjectType, subject }: Caller): Owner {
  return { type: subjectType, id: subject }
}

function question(action: ListQuestion['action'], request: FastifyRequest): ListQuestion {
  return { action, method: request.method, route: request.routeOptions.url ?? '', requestId: request.id }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
