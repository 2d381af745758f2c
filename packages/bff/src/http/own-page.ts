import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BffContext } from '../context.ts'
import { judgeCsrf } from '../rules/csrf.ts'
import { refuse } from './refuse.ts'

/** Makes the `onRequest` hook of calls that our own page alone may make: the CSRF rule, on every method. */
export function ownPageOnly(context: BffContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { origin, 'sallyport-csrf': csrf, 'sec-fetch-site': fetchSite } = request.headers
    const verdict = judgeCsrf({ origin, csrf: joined(csrf), fetchSite: joined(fetchSite) }, context.settings.origin)
    if (verdict === 'ours') return undefined
    context.log.warn('call_refused', { ...verdict, request_id: request.id })
    return refuse(request, reply, verdict.refused)
  }
}

const joined = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value
