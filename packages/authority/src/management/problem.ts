import type { Issue } from './validate.ts'

/** Why the management API did not do what was asked: RFC 9457 problem details, with ours beside the standard's members. */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 422 | 428 | 500
  /** A word of our catalogue; the problem's `type` is `urn:sallyport:problem:<code>`. */
  readonly code: string
  readonly title: string
  /** What to do about it. */
  readonly detail?: string
  readonly expected?: string
  readonly got?: string
  /** Each thing that is wrong with the body. */
  readonly errors?: readonly Issue[]
  readonly headers?: Readonly<Record<string, string>>
}

export const problem = (
  status: Problem['status'],
  code: string,
  title: string,
  more: Partial<Problem> = {},
): Problem => ({
  status,
  code,
  title,
  ...more,
})

/** Whatever is not there, or is none of this tenant's. */
export const notFound = (what: string, id: string): Problem =>
  problem(404, 'not_found', `There is no ${what} ${JSON.stringify(id.slice(0, 80))}.`)

export const invalidBody = (errors: readonly Issue[]): Problem =>
  problem(422, 'invalid_body', 'The body is not valid.', { errors, detail: 'Correct each member named in errors.' })

/** The body as it is sent, `application/problem+json` (RFC 9457 §3.1). */
export function problemBody(refused: Problem, requestId: string): Readonly<Record<string, unknown>> {
  const { status, code, title, detail, expected, got, errors } = refused
  const type = `urn:sallyport:problem:${code}`
  return { type, status, code, title, detail, expected, got, errors, instance: `urn:sallyport:request:${requestId}` }
}
