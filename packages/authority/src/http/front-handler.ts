import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { errorPage } from '../pages/error.ts'
import type { Site } from '../pages/layout.ts'
import { type Answer, sendAnswer } from './answer.ts'
import type { Quotas } from './quotas.ts'
import { bindingCookies, isOwnForm, readVisit, type Visit } from './visit.ts'

export type VisitHandler = (visit: Visit, request: FastifyRequest) => Promise<Answer>

export interface FrontHandlers {
  /** For what anyone may ask: reads, and requests that clients send a browser with. */
  readonly open: (handler: VisitHandler) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  /** For forms of ours that change something: refused unless one of our pages in this browser sent them. */
  readonly own: (handler: VisitHandler) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

export function frontHandlers(context: AuthorityContext, site: Site, quotas: Quotas): FrontHandlers {
  const handle = (handler: VisitHandler, ownForm: boolean) => async (request: FastifyRequest, reply: FastifyReply) => {
    const visit = await readVisit(request, context, site, quotas)
    if ('unreadable' in visit) return sendAnswer(reply, unreadable(site, visit.unreadable, request.id))
    if (ownForm && !isOwnForm(request, visit)) {
      context.log.warn('form_refused', { request_id: request.id, route: request.routeOptions.url })
      return sendAnswer(reply, staleForm(visit))
    }
    const answer = await handler(visit, request)
    return sendAnswer(reply, { ...answer, cookies: [...bindingCookies(visit), ...(answer.cookies ?? [])] })
  }
  return { open: handler => handle(handler, false), own: handler => handle(handler, true) }
}

function unreadable(site: Site, hint: string, reference: string): Answer {
  const page = errorPage(site, { title: 'The request could not be read', what: hint, whose: 'app', reference })
  return { page, status: 400 }
}

/** A form that is not from a page of ours, or from one before a sign-in or sign-out in another tab. */
function staleForm(visit: Visit): Answer {
  const login = visit.body.fields.get('login')
  const back =
    login !== undefined && /^[0-9A-Za-z]{20}$/.test(login)
      ? `${visit.site.base}/sign-in?login=${login}`
      : `${visit.site.base}/account`
  const page = errorPage(visit.site, {
    title: 'This page is out of date',
    what: 'You signed in or out since this page was opened, or the form came from somewhere else. Nothing was changed.',
    whose: 'nobody',
    reference: visit.requestId,
    back: { href: back, label: 'Open the page again' },
  })
  return { page, status: 403 }
}
