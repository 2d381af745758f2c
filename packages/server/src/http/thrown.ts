import type { Failure } from './failure.ts'

/** What Fastify refuses by itself, in our words; by its error code. */
const known: Readonly<Record<string, Omit<Failure, 'status'>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    error: 'invalid_request',
    reason: 'body_too_large',
    description: 'The body is larger than this address takes.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    error: 'invalid_request',
    reason: 'body_type',
    description: 'The Content-Type is missing or not one this address takes.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    error: 'invalid_request',
    reason: 'malformed_request',
    description: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: {
    error: 'invalid_request',
    reason: 'malformed_request',
    description: 'The path is not validly percent-encoded.',
  },
}

/**
 * The failure for something thrown while a request was answered: what the shell refuses keeps its 4xx status, all else
 * is a 500 that says nothing about its cause.
 */
export function failureOfThrown(thrown: unknown): Failure {
  const { code, statusCode } = facts(thrown)
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) {
    return statusCode === 503 ? unavailable : serverError
  }
  const words = code === undefined ? undefined : known[code]
  if (words !== undefined) return { status: statusCode, ...words }
  return {
    status: statusCode,
    error: 'invalid_request',
    reason: 'malformed_request',
    description: 'The request could not be read.',
  }
}

const serverError: Failure = {
  status: 500,
  error: 'server_error',
  reason: 'server_error',
  description: 'Something went wrong on our side. Quote the request id when you report it.',
}

const unavailable: Failure = {
  status: 503,
  error: 'temporarily_unavailable',
  reason: 'temporarily_unavailable',
  description: 'Not available at the moment. Try again shortly.',
  headers: { 'retry-after': '2' },
}

function facts(thrown: unknown): { readonly code: string | undefined; readonly statusCode: number | undefined } {
  if (typeof thrown !== 'object' || thrown === null) return { code: undefined, statusCode: undefined }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  const statusCode = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined
  return { code, statusCode }
}
