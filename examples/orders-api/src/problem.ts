import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** A refusal by this service itself (RFC 9457), in the shape that the guard's own refusals have. */
export interface Problem {
  readonly status: number
  /** Stable word for programs. */
  readonly code: string
  readonly title: string
  readonly detail?: string
}

/** What a request says that the contract does not allow. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const body = { type: `urn:orders:problem:${problem.code}`, ...problem, request_id: request.id }
  // As bytes: to a text Fastify would add a charset, which this media type does not have (RFC 9457 §6.1).
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(body)))
}

/** The problem that an error is: the caller's own by its status, and ours without a word about it. */
export function problemOf(error: FastifyError | Error): Problem {
  if (error instanceof InvalidInput) return invalid(error.message)
  if ('validation' in error && error.validation !== undefined) return invalid(error.message)
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
  if (status < 400 || status > 499) return OURS
  return KNOWN.find(problem => problem.status === status) ?? { status, code: 'malformed', title: MALFORMED }
}

function invalid(detail: string): Problem {
  return { status: 400, code: 'invalid_input', title: 'The request does not fit /openapi.json.', detail }
}

const OURS: Problem = { status: 500, code: 'internal', title: 'Something failed on our side.' }
const MALFORMED = 'The request cannot be read.'
const KNOWN: readonly Problem[] = [
  { status: 413, code: 'too_large', title: 'The body is too large.', detail: 'At most 16 KiB.' },
  { status: 415, code: 'media_type', title: 'This media type is not read here.', detail: 'Send application/json.' },
]
