import { money } from './money.js'

const dialog = document.getElementById('refund')
const amount = document.getElementById('refund-amount')

/**
 * Asks how much of an order is to be refunded.
 *
 * @returns whole cents, or `undefined` when the user keeps it
 */
export function askRefund(order, { note = '', cents } = {}) {
  const left = order.amount_cents - order.refunded_cents
  document.getElementById('refund-title').textContent = `Refund ${order.id}`
  document.getElementById('refund-note').textContent = `${note} ${money(left)} can be refunded.`.trim()
  amount.max = `${left / 100}`
  amount.value = ((cents ?? left) / 100).toFixed(2)
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise(resolve => {
    const done = () => resolve(dialog.returnValue === 'refund' ? Math.round(Number(amount.value) * 100) : undefined)
    dialog.addEventListener('close', done, { once: true })
  })
}
