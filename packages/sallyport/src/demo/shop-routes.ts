import { type BffContext, ownPageOnly, revokeToken, sessionOf, tokenRefresher } from '@sallyport/bff'
import { type Failure, sendFailure } from '@sallyport/server'
import type { FastifyInstance } from 'fastify'
import { decisionsOf } from '../home/decisions.ts'
import { replayProof } from './replay.ts'

export interface ShopRoutes {
  readonly context: BffContext
  /** Public address of the gateway. */
  readonly gateway: string
  /** The file that joins both doors' decisions. */
  readonly decisions: string
}

/** How far back in the decision file the shop may look. */
const decisionBytes = 1024 * 1024

/**
 * What the shop's buttons need besides its back end: a proof sent twice, its tokens revoked, and the operator's view of a refusal.
 * For the demo on loopback alone; none of it is part of a browser back end.
 */
export function registerShopRoutes(app: FastifyInstance, { context, gateway, decisions }: ShopRoutes): void {
  const freshTokens = tokenRefresher(context)
  app.register(async calls => {
    calls.addHook('onRequest', ownPageOnly(context))

    calls.get('/settings.json', async () => ({ gateway, authority: context.settings.issuer }))

    calls.post('/demo/replay', async (request, reply) => {
      const open = await sessionOf(request, context)
      const fresh = open && (await freshTokens(open))
      if (fresh === undefined || 'refused' in fresh) return sendFailure(request, reply, signedOut)
      const answer = await replayProof(`${gateway}/orders`, fresh.open.session.tokens, context)
      return reply.code(answer.status).headers(answer.headers).send(answer.body)
    })

    calls.post('/demo/revoke', async (request, reply) => {
      const open = await sessionOf(request, context)
      if (open === undefined) return sendFailure(request, reply, signedOut)
      const { refreshToken, accessToken } = open.session.tokens
      const revoked = await revokeToken(refreshToken ?? accessToken, context)
      return revoked === 'revoked' ? { revoked: true } : sendFailure(request, reply, notRevoked)
    })

    calls.get<{ Params: { requestId: string } }>('/demo/log/:requestId', async request => {
      const open = await sessionOf(request, context)
      const decided = decisionsOf(decisions, request.params.requestId, decisionBytes)
      return { lines: decided.filter(({ facts }) => isAbout(facts.subject, open?.session.user.sub)) }
    })
  })
}

/** What door one refused names nobody; door two's records are for whom they are about. */
const isAbout = (subject: unknown, user: string | undefined): boolean =>
  subject === undefined || (typeof subject === 'object' && subject !== null && 'id' in subject && subject.id === user)

const signedOut: Failure = {
  status: 401,
  error: 'unauthorized',
  reason: 'signed_out',
  description: 'Nobody is signed in here.',
}

const notRevoked: Failure = {
  status: 502,
  error: 'bad_gateway',
  reason: 'authority_unreachable',
  description: 'The authority did not revoke the tokens. Try again in a moment.',
}
