const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

/** Draws the orders; `act(order, what)` is called by their buttons. All text goes in as text, never as markup. */
export function drawOrders(list, orders, { user, act }) {
  list.replaceChildren(...(orders.length === 0 ? [empty()] : orders.map(order => card(order, user, act))))
}

function card(order, user, act) {
  const item = element('li', { className: 'order' })
  const title = element('h3', { textContent: `${order.quantity} × ${order.item}` })
  const amount = element('div', { className: 'amount', textContent: money.format(order.amount_cents / 100) })
  const meta = element('div', { className: 'meta' })
  meta.append(
    element('span', { className: `status ${order.status}`, textContent: order.status }),
    element('span', { textContent: order.id }),
  )
  if (order.owner !== user.sub) meta.append(element('span', { textContent: 'another customer’s' }))
  if (order.refunded_cents > 0)
    meta.append(element('span', { textContent: `refunded ${money.format(order.refunded_cents / 100)}` }))
  const actions = element('div', { className: 'actions' })
  if (order.owner === user.sub && order.status === 'placed')
    actions.append(button('Cancel', () => act(order, 'cancel')))
  if (order.owner !== user.sub && order.status !== 'cancelled' && order.refunded_cents < order.amount_cents) {
    actions.append(button('Refund', () => act(order, 'refund')))
  }
  item.append(title, amount, meta, actions)
  return item
}

function button(text, onClick) {
  const made = element('button', { className: 'button', textContent: text, type: 'button' })
  made.addEventListener('click', onClick)
  return made
}

const empty = () => element('li', { className: 'empty', textContent: 'No orders yet. Order something above.' })

const element = (name, properties) => Object.assign(document.createElement(name), properties)
