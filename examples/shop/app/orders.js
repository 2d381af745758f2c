import { element } from './element.js'
import { pictureOf } from './goods.js'
import { money } from './money.js'

/** Draws the orders; `act(order, what)` is called by their buttons. */
export function drawOrders(list, orders, { user, act }) {
  list.replaceChildren(...(orders.length === 0 ? [empty()] : orders.map(order => card(order, user, act))))
}

function card(order, user, act) {
  const mine = order.owner === user.sub
  const actions = element('div', { className: 'actions' })
  if (mine && order.status === 'placed' && order.refunded_cents === 0) actions.append(button('Cancel', order, act))
  if (!mine && order.status === 'placed') actions.append(button('Refund', order, act))
  return element(
    'li',
    { className: `order ${order.status}` },
    pictureOf(order.item),
    element(
      'div',
      { className: 'what' },
      element('p', { className: 'title', textContent: `${order.quantity} × ${order.item}` }),
      facts(order, mine),
    ),
    element('span', { className: 'amount', textContent: money(order.amount_cents) }),
    actions,
  )
}

function facts(order, mine) {
  const line = element('p', { className: 'facts' }, element('span', { className: 'status', textContent: order.status }))
  line.append(element('code', { textContent: order.id }))
  if (!mine) line.append(element('span', { textContent: 'another customer’s' }))
  if (order.refunded_cents > 0) line.append(element('span', { textContent: `${money(order.refunded_cents)} refunded` }))
  return line
}

function button(text, order, act) {
  const made = element('button', { className: 'button', textContent: text, type: 'button' })
  made.ariaLabel = `${text} ${order.id}`
  made.addEventListener('click', () => act(order, text.toLowerCase()))
  return made
}

const empty = () => element('li', { className: 'empty', textContent: 'No orders yet.' })
