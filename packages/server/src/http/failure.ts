import type { FastifyReply, FastifyRequest } from 'fastify'
import { prefersHtml } from './accept.ts'

/** An answer that refuses, before it is rendered for a program or a person. Everything in it may be shown. */
export interface Failure {
  /** 400 to 599. */
  readonly status: number
  /** The standard's code where there is one (`invalid_request`), else ours; snake_case. */
  readonly error: string
  /** Our closed code for the exact reason, such as `body_too_large`; each has a page in docs/errors. */
  readonly reason?: string
  /** One or two sentences: what is wrong and what to do. */
  readonly description: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A failure as a page shows it. */
export type ShownFailure = Failure & { readonly requestId: string }

/** Renders a failure for a browser. Without one, browsers get JSON as well. */
export type ErrorPage = (failure: ShownFailure) => {
  readonly html: string
  /** The page's policy; the strict default forbids everything. */
  readonly contentSecurityPolicy?: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** How failures look in a browser; set by `createListener`. */
    readonly errorPage: ErrorPage | undefined
    /** Aborted when the listener starts to close: long answers end themselves. */
    readonly closing: AbortSignal
    /** Aborted when the listener is asked to stop, before it closes: from then on it is not ready. */
    readonly draining: AbortSignal
  }
}

/** For an address that is not there, or not for the caller to know of (RFC 9110 §15.5.5). */
export const nothingHere: Failure = {
  status: 404,
  error: 'not_found',
  reason: 'not_found',
  description: 'There is nothing at this address.',
}

/** A failure as it is sent. */
export interface RenderedFailure {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A failure as JSON for programs, as the listener's error page for browsers. Never cached, never a stack. */
export function renderFailure(
  failure: Failure,
  asked: { readonly accept: string | undefined; readonly requestId: string; readonly page: ErrorPage | undefined },
): RenderedFailure {
  const { accept, requestId, page } = asked
  const { status } = failure
  const headers = { 'cache-control': 'no-store', ...failure.headers }
  if (page === undefined || !prefersHtml(accept)) {
    const body = failureJson(failure, requestId)
    return { status, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, body }
  }
  const { html, contentSecurityPolicy } = page({ ...failure, requestId })
  const policy = contentSecurityPolicy === undefined ? {} : { 'content-security-policy': contentSecurityPolicy }
  return { status, headers: { ...headers, ...policy, 'content-type': 'text/html; charset=utf-8' }, body: html }
}

/** Answers with a failure, as `renderFailure` has it. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  const { accept } = request.headers
  const { status, headers, body } = renderFailure(failure, {
    accept,
    requestId: request.id,
    page: request.server.errorPage,
  })
  return reply.code(status).headers(headers).send(body)
}

/** A failure as programs get it: `error` and `error_description` as in OAuth, `reason` and `request_id` as ours. */
export function failureJson(failure: Failure, requestId: string | undefined): string {
  return JSON.stringify({
    error: failure.error,
    error_description: failure.description,
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
  })
}
