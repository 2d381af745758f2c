import { contentSecurityPolicy } from '@sallyport/server'
import type { FastifyReply } from 'fastify'
import type { Html } from '../pages/html.ts'

/** What a page handler answers; only here does it become HTTP. */
export type Answer = PageAnswer | SeeAnswer | JsonAnswer

interface Common {
  /** `Set-Cookie` values. */
  readonly cookies?: readonly string[]
  readonly retryAfterSeconds?: number
}

export interface PageAnswer extends Common {
  readonly page: Html
  readonly status?: number
  /** Origins that this page's forms may lead to besides ours: browsers check a form's redirect too. */
  readonly formAction?: readonly string[]
  /** The hash of the one inline script, where there is one. */
  readonly inlineScript?: string
  /** Whether an application that opened this page in a window of its own keeps hold of it, as popup sign-in needs. */
  readonly popup?: boolean
}

/** Go there by GET: 303 after a POST with credentials, never 307 (RFC 9700 §4.12). */
export interface SeeAnswer extends Common {
  readonly see: string
}

export interface JsonAnswer extends Common {
  readonly json: object
  readonly status?: number
}

export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.header('cache-control', 'no-store')
  if (answer.cookies !== undefined && answer.cookies.length > 0) reply.header('set-cookie', [...answer.cookies])
  if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', String(answer.retryAfterSeconds))
  if ('see' in answer) return reply.code(303).header('location', answer.see).send()
  if ('json' in answer)
    return reply
      .code(answer.status ?? 200)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(answer.json))
  const { page, status = 200, formAction = [], inlineScript, popup = false } = answer
  reply.header('content-security-policy', pagePolicy(formAction, inlineScript))
  reply
    .header('x-frame-options', 'DENY')
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
  if (popup) reply.header('cross-origin-opener-policy', 'unsafe-none')
  return reply.code(status).type('text/html; charset=utf-8').send(page.toString())
}

/** The policy of our pages: our style sheet and script, nothing from elsewhere, no frames. */
export function pagePolicy(formAction: readonly string[] = [], inlineScript?: string): string {
  return contentSecurityPolicy({
    scriptSelf: true,
    formAction,
    ...(inlineScript !== undefined && { script: [inlineScript] }),
  })
}
