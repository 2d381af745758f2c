import { call, signInAddress } from './api.js'
import { tries } from './doors.js'
import { element } from './element.js'
import { drawGoods } from './goods.js'
import { drawOrders } from './orders.js'
import { askRefund } from './refund.js'
import { drawVerdict } from './verdict.js'

const find = id => document.getElementById(id)
/** Tells the other tabs that nobody is signed in any more. */
const tabs = new BroadcastChannel('session')
const patienceMs = 6000

let session = { signed_in: false }
let settings = {}
let orders = []

tabs.addEventListener('message', () => location.reload())
// Back to a page that the browser kept: what it shows may be somebody's who has signed out since.
addEventListener('pageshow', event => {
  if (!event.persisted) return
  showSignedOut()
  location.reload()
})
for (const button of document.querySelectorAll('[data-try]')) button.addEventListener('click', () => tryDoor(button))
drawGoods(find('goods'), placeOrder)
await open()

async function open() {
  const [asked, who] = await Promise.all([call('/settings.json'), call('/bff/session')])
  settings = asked.body
  session = who.body
  find('doors').hidden = false
  if (!session.signed_in) return showSignedOut()
  showSignedIn()
  await loadOrders()
  await resumeRefund()
}

function showSignedOut() {
  hideSession()
  find('welcome').hidden = false
  find('sign-in').href = signInAddress('/')
}

/** Takes away what was somebody's, and all that needs somebody. */
function hideSession() {
  session = { signed_in: false }
  orders = []
  find('signed-in').hidden = true
  find('orders').replaceChildren()
  find('account').replaceChildren()
  for (const button of document.querySelectorAll('[data-try]:not([data-try="no-token"])')) button.disabled = true
}

function showSignedIn() {
  const { name, preferred_username, sub, acr } = session.user
  const leave = element('button', { className: 'button', textContent: 'Sign out', type: 'button' })
  leave.addEventListener('click', signOut)
  find('account').replaceChildren(
    element('span', { className: 'who', textContent: name ?? preferred_username ?? sub }),
    element('span', { className: 'chip', textContent: acr?.endsWith('passkey') ? 'passkey' : 'password' }),
    leave,
  )
  find('signed-in').hidden = false
  find('welcome').hidden = true
  document.querySelector('[data-try="not-yours"]').textContent = otherName() === 'bob' ? 'Bob’s order' : 'Alice’s order'
}

function otherName() {
  return session.user?.preferred_username === 'bob' ? 'alice' : 'bob'
}

async function loadOrders() {
  const answer = await call('/api/orders?limit=50')
  if (!answer.ok) return explain(answer)
  orders = answer.body.orders
  find('orders-whose').textContent = orders.every(each => each.owner === session.user.sub)
    ? 'Your orders'
    : 'All orders'
  find('orders-count').textContent = `${orders.length}`
  drawOrders(find('orders'), orders, { user: session.user, act })
}

async function placeOrder(wanted) {
  const answer = await call('/api/orders', { method: 'POST', body: wanted })
  if (!answer.ok) return explain(answer)
  await loadOrders()
  toast(`Ordered: ${wanted.quantity} × ${wanted.item}.`)
}

async function act(order, what) {
  if (what === 'refund') return refund(order, await askRefund(order))
  const answer = await call(`/api/orders/${order.id}/${what}`, { method: 'POST' })
  if (!answer.ok) return explain(answer)
  await loadOrders()
}

async function refund(order, cents) {
  if (cents === undefined) return undefined
  const answer = await call(`/api/orders/${order.id}/refund`, { method: 'POST', body: { amount_cents: cents } })
  if (!answer.ok) return explain(answer, `/?${new URLSearchParams({ refund: order.id, cents })}`)
  await loadOrders()
  toast(`Refunded: ${order.id}.`)
}

/** After a sign-in that a refund was waiting for: the question again, answered by the user and never by the address. */
async function resumeRefund() {
  const asked = new URLSearchParams(location.search)
  const order = orders.find(each => each.id === asked.get('refund'))
  history.replaceState(null, '', '/')
  if (order === undefined) return
  const cents = Math.min(Number(asked.get('cents')) || order.amount_cents, order.amount_cents - order.refunded_cents)
  await refund(order, await askRefund(order, { note: 'You are back, with what this refund needs.', cents }))
}

/** Shows a refusal, and the way on where there is one: more permission, or a stronger sign-in. */
async function explain(answer, returnTo = '/') {
  if (answer.sessionEnded) showSignedOut()
  await drawVerdict(find('verdict'), 'What you just did was refused.', answer, onwardOf(answer, returnTo))
  find('verdict').focus()
}

function onwardOf({ body, challenge, sessionEnded }, returnTo) {
  if (sessionEnded) return { href: signInAddress(returnTo), textContent: 'Sign in again' }
  const href = signInAddress(returnTo, { challenge, held: session.scope })
  if (body.code === 'insufficient_scope') return { href, textContent: 'Ask for this permission' }
  return challenge.includes('acr_values=') ? { href, textContent: 'Confirm with a passkey' } : undefined
}

async function tryDoor(button) {
  const { says, run } = tries[button.dataset.try]
  const own = orders.find(order => order.owner === session.user?.sub)?.id ?? `${otherName()}-1`
  const state = { gateway: settings.gateway, session, ownOrder: own, otherOrder: `${otherName()}-1` }
  button.disabled = true
  try {
    const answer = await run(state)
    if (answer.sessionEnded) showSignedOut()
    await drawVerdict(find('verdict'), says(state), answer)
    find('verdict').scrollIntoView({ block: 'nearest' })
  } catch (error) {
    toast(`There was no answer: ${error.message}`)
  } finally {
    button.disabled = !session.signed_in && button.dataset.try !== 'no-token'
  }
}

async function signOut() {
  const { body } = await call('/bff/logout', { method: 'POST' })
  // No way to sign in until the authority has ended its session too: whoever was fast would be signed in again by it.
  hideSession()
  find('verdict').replaceChildren()
  tabs.postMessage('signed-out')
  location.assign(body.location ?? '/')
}

function toast(text) {
  const box = find('toast')
  box.textContent = text
  box.hidden = false
  clearTimeout(toast.timer)
  toast.timer = setTimeout(() => {
    box.hidden = true
  }, patienceMs)
}
