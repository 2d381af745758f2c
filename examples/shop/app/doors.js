import { call, outcome } from './api.js'

const patienceMs = 3000

/**
 * The refusals to try: what each sends, and how. `run` gets the page's state: the gateway's address, the session, and orders to ask for.
 */
export const tries = {
  'no-token': {
    says: () => 'GET /orders straight at the gateway, without a token.',
    run: async ({ gateway }) => outcome(await fetch(`${gateway}/orders`, { credentials: 'omit' })),
  },
  'no-scope': {
    says: ({ session }) =>
      session.scope?.includes('refund:orders')
        ? 'A refund of 0.01. You allowed refunds meanwhile, so only your role and the order’s state are left to refuse it.'
        : 'A refund, which this session has no scope for.',
    run: ({ ownOrder }) => call(`/api/orders/${ownOrder}/refund`, { method: 'POST', body: { amount_cents: 1 } }),
  },
  'not-yours': {
    says: ({ otherOrder }) => `GET /orders/${otherOrder}, which belongs to somebody else.`,
    run: ({ otherOrder }) => call(`/api/orders/${otherOrder}`),
  },
  replay: {
    says: () => 'GET /orders twice with one DPoP proof: the second is a replay.',
    run: () => call('/demo/replay', { method: 'POST' }),
  },
  revoke: {
    says: () => 'All tokens of this session are revoked at the authority, then the orders are asked for again.',
    run: revokeAndAsk,
  },
}

/** Asks until the revocation is felt, and says how long that took. */
async function revokeAndAsk() {
  const revoked = await call('/demo/revoke', { method: 'POST' })
  if (!revoked.ok) return revoked
  const begun = performance.now()
  for (;;) {
    const answer = await call('/api/orders')
    const tookMs = Math.round(performance.now() - begun)
    if (!answer.ok || tookMs > patienceMs) return { ...answer, note: `Refused ${tookMs} ms after the revocation.` }
  }
}
