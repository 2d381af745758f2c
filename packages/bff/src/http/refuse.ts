import { sendFailure } from '@sallyport/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type BffErrorName, errorCodes } from '../error-codes.ts'

/** Answers a call of the page with a refusal of the catalogue. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  reason: BffErrorName,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  return sendFailure(request, reply, { ...errorCodes[reason], reason, headers })
}
