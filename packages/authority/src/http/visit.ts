import { type Form, judgeSameOrigin, readCookie, readForm, readQuery, serializeHostCookie } from '@sallyport/server'
import type { FastifyRequest } from 'fastify'
import { type BrowserBinding, browserBinding, formToken, isFormToken } from '../browser-binding.ts'
import type { AuthorityContext } from '../context.ts'
import type { FormContext } from '../pages/form.ts'
import type { Site } from '../pages/layout.ts'
import { findSession, type SignedIn } from '../sessions.ts'
import type { Quotas } from './quotas.ts'

export const sessionCookie = '__Host-sp-authority'
const browserCookie = '__Host-sp-authority-browser'

/** A browser's request, read: who it is, which form it sent. */
export interface Visit {
  readonly context: AuthorityContext
  readonly site: Site
  readonly quotas: Quotas
  readonly binding: BrowserBinding
  readonly signedIn: SignedIn | undefined
  readonly query: Form
  /** Of a POST; empty for a GET. */
  readonly body: Form
  readonly requestId: string
  readonly address: string
  readonly userAgent: string
}

export type UnreadableVisit = { readonly unreadable: string }

const nothing: Form = { fields: new Map(), repeated: [], values: new Map() }

export async function readVisit(
  request: FastifyRequest,
  context: AuthorityContext,
  site: Site,
  quotas: Quotas,
): Promise<Visit | UnreadableVisit> {
  const at = request.raw.url?.indexOf('?') ?? -1
  const query = at < 0 ? nothing : readQuery(request.raw.url?.slice(at + 1) ?? '')
  const bytes = Buffer.isBuffer(request.body) ? request.body : undefined
  const body = request.method === 'POST' ? readForm(bytes, request.headers['content-type']) : nothing
  if ('refused' in query) return { unreadable: query.hint }
  if ('refused' in body) return { unreadable: body.hint }
  const { cookie } = request.headers
  return {
    context,
    site,
    quotas,
    binding: browserBinding(readCookie(cookie, browserCookie), context.random),
    signedIn: await findSession(readCookie(cookie, sessionCookie), context),
    query,
    body,
    requestId: request.id,
    address: request.ip,
    userAgent: request.headers['user-agent'] ?? '',
  }
}

/** Cookies that an answer must set for this browser to be known again. */
export function bindingCookies(visit: Visit): readonly string[] {
  return visit.binding.fresh
    ? [serializeHostCookie(browserCookie, visit.binding.secret, { sameSite: 'Lax', maxAgeSeconds: 90 * 86_400 })]
    : []
}

/** What the forms of this visit's page carry. */
export function formContext(
  visit: Visit,
  login?: string,
  signedIn: SignedIn | undefined = visit.signedIn,
): FormContext {
  return { token: formToken(visit.binding, signedIn?.session.id), ...(login !== undefined && { login }) }
}

/** Whether a form came from one of our pages in this browser: its token, and the origin that the browser names. */
export function isOwnForm(request: FastifyRequest, visit: Visit): boolean {
  const sameOrigin = judgeSameOrigin(request.headers, [new URL(visit.context.issuer).origin])
  return (
    sameOrigin === 'same_origin' &&
    isFormToken(visit.body.fields.get('form_token'), visit.binding, visit.signedIn?.session.id)
  )
}

/** The cookie of a new session; Lax, because applications on other sites send browsers here. */
export function sessionCookieOf(visit: Visit, token: string): string {
  return serializeHostCookie(sessionCookie, token, {
    sameSite: 'Lax',
    maxAgeSeconds: visit.context.settings.sessionTtlSeconds,
  })
}
