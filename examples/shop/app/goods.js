import { element } from './element.js'
import { money } from './money.js'
import { picture } from './pictures.js'

const goods = [
  { item: 'Harbour lamp', unit_price_cents: 4200, drawn: 'lamp' },
  { item: 'Hemp rope, 50 m', unit_price_cents: 12450, drawn: 'rope' },
  { item: 'Brass bell', unit_price_cents: 6800, drawn: 'bell' },
  { item: 'Tide tables', unit_price_cents: 1250, drawn: 'chart' },
]

/** The picture of what was ordered. */
export const pictureOf = item => picture(goods.find(each => each.item === item)?.drawn ?? 'crate')

/** Draws what can be ordered; `order(wanted)` is called with an order as the API takes it. */
export function drawGoods(list, order) {
  list.replaceChildren(...goods.map(each => tile(each, order)))
}

function tile({ item, unit_price_cents, drawn }, order) {
  const quantity = element('input', {
    type: 'number',
    name: 'quantity',
    required: true,
    min: '1',
    max: '100',
    value: '1',
    inputMode: 'numeric',
    ariaLabel: `How many: ${item}`,
  })
  const form = element(
    'form',
    { className: 'buy' },
    quantity,
    element('button', { className: 'button', textContent: 'Order', ariaLabel: `Order ${item}` }),
  )
  form.addEventListener('submit', event => {
    event.preventDefault()
    order({ item, quantity: Number(quantity.value), unit_price_cents })
  })
  return element(
    'li',
    { className: 'good' },
    picture(drawn),
    element('b', { textContent: item }),
    element('span', { className: 'soft', textContent: money(unit_price_cents) }),
    form,
  )
}
