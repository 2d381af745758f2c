import { call, outcome } from './api.js'

/** The refusals to try: what each sends, and how. */
export const tries = {
  'no-token': {
    says: 'GET /orders straight at the gateway, with no token.',
    run: async ({ gateway }) => outcome(await fetch(`${gateway}/orders`, { credentials: 'omit' })),
  },
  'no-scope': {
    says: 'A refund, which this session has no scope for.',
    run: async ({ ownOrder }) =>
      call(`/api/orders/${ownOrder}/refund`, { method: 'POST', body: { amount_cents: 100 } }),
  },
  'not-yours': {
    says: 'An order that belongs to somebody else.',
    run: async ({ otherOrder }) => call(`/api/orders/${otherOrder}`),
  },
  replay: {
    says: 'The same request twice with the same DPoP proof: the second is a replay.',
    run: async () => call('/demo/replay', { method: 'POST' }),
  },
  revoke: {
    says: 'All tokens of this session are revoked at the authority; then the orders are asked for again.',
    run: async () => {
      await call('/demo/revoke', { method: 'POST' })
      return call('/api/orders')
    },
  },
}

/** Shows the way of a request through the doors and where it ended. */
export async function drawVerdict(panel, says, result) {
  const { body, status } = result
  const door = body.door ?? (result.ok ? undefined : 1)
  const path = element('ol', { className: 'path' })
  for (const [number, name] of [
    [1, 'Door one: who'],
    [2, 'Door two: may they'],
    [3, 'Orders'],
  ]) {
    const state = door === undefined || number < door ? 'open' : number === door ? 'shut' : ''
    const passed = { open: 'passed', shut: 'refused', '': 'not reached' }[state]
    const item = element('li', {})
    item.append(element('span', { className: `door ${state}`, textContent: `${name} · ${passed}` }))
    path.append(item)
  }
  const requestId = body.request_id ?? result.requestId
  const why = element('p', {
    textContent: `${status} ${body.code ?? body.reason ?? body.error ?? ''}: ${body.title ?? ''} ${body.detail ?? body.error_description ?? ''}`,
  })
  panel.replaceChildren(element('p', { className: 'soft', textContent: says }), path, why)
  const line = await logLine(requestId)
  if (line !== undefined)
    panel.append(
      element('p', { className: 'soft', textContent: 'What the operator sees in the log:' }),
      element('pre', { textContent: line }),
    )
}

async function logLine(requestId) {
  if (!requestId) return undefined
  const { ok, body } = await call(`/demo/log/${encodeURIComponent(requestId)}`)
  return ok && body.lines?.length > 0 ? body.lines.map(line => JSON.stringify(line, null, 1)).join('\n') : undefined
}

const element = (name, properties) => Object.assign(document.createElement(name), properties)
