import { call, signInAgain } from './api.js'
import { drawVerdict, tries } from './doors.js'
import { drawOrders } from './orders.js'

const find = id => document.getElementById(id)
const everydayScope = ['openid', 'profile', 'read:orders', 'write:orders']

const settings = await (await fetch('/settings.json')).json()
const { body: session } = await call('/bff/session')
let orders = []

find('doors').hidden = false
if (session.signed_in) await showSignedIn()
else showWelcome()

for (const button of document.querySelectorAll('[data-try]')) button.addEventListener('click', () => tryDoor(button))
find('new-order').addEventListener('submit', placeOrder)

function showWelcome() {
  find('welcome').hidden = false
  find('sign-in').href = signInAgain('', everydayScope)
  for (const button of document.querySelectorAll('[data-try]:not([data-try="no-token"])')) button.hidden = true
}

async function showSignedIn() {
  find('signed-in').hidden = false
  const name = session.user.name ?? session.user.preferred_username ?? session.user.sub
  const strength = session.user.acr?.endsWith('passkey') ? 'passkey' : 'password'
  const leave = Object.assign(document.createElement('button'), {
    className: 'button',
    textContent: 'Sign out',
    type: 'button',
  })
  leave.addEventListener('click', signOut)
  find('account').replaceChildren(
    Object.assign(document.createElement('span'), { textContent: name }),
    Object.assign(document.createElement('span'), { className: 'chip', textContent: `signed in by ${strength}` }),
    leave,
  )
  await loadOrders()
}

async function loadOrders() {
  const answer = await call('/api/orders?limit=50')
  if (!answer.ok) return explain(answer)
  orders = answer.body.orders
  find('orders-count').textContent = `${orders.length}`
  drawOrders(find('orders'), orders, { user: session.user, act })
}

async function placeOrder(event) {
  event.preventDefault()
  const fields = new FormData(event.target)
  const body = {
    item: fields.get('item'),
    quantity: Number(fields.get('quantity')),
    unit_price_cents: Math.round(Number(fields.get('price')) * 100),
  }
  const answer = await call('/api/orders', { method: 'POST', body })
  if (answer.ok) await loadOrders()
  else await explain(answer)
}

async function act(order, what) {
  const body = what === 'refund' ? { amount_cents: order.amount_cents - order.refunded_cents } : undefined
  const answer = await call(`/api/orders/${order.id}/${what}`, { method: 'POST', body })
  if (answer.ok) return loadOrders()
  if (answer.body.code === 'insufficient_scope' || answer.body.code === 'step_up_required') {
    location.assign(signInAgain(answer.challenge, [...new Set([...session.scope, ...everydayScope, 'refund:orders'])]))
    return undefined
  }
  return explain(answer)
}

async function explain(answer) {
  if (answer.sessionEnded) return toast('Your session is over. Reload to sign in again.')
  await drawVerdict(find('verdict'), 'What you just did was refused.', answer)
  find('verdict').scrollIntoView({ block: 'nearest' })
}

async function tryDoor(button) {
  button.disabled = true
  const { says, run } = tries[button.dataset.try]
  const mine = orders.find(order => order.owner === session.user?.sub)
  const someoneElses = session.user?.preferred_username === 'bob' ? 'alice-1' : 'bob-1'
  try {
    await drawVerdict(
      find('verdict'),
      says,
      await run({ gateway: settings.gateway, ownOrder: mine?.id ?? 'bob-1', otherOrder: someoneElses }),
    )
  } catch (error) {
    toast(`The request did not get an answer: ${error.message}`)
  } finally {
    button.disabled = false
  }
}

async function signOut() {
  const { body } = await call('/bff/logout', { method: 'POST' })
  location.assign(body.location ?? '/')
}

function toast(text) {
  const box = find('toast')
  box.textContent = text
  box.hidden = false
}
