import { expireHostCookie, readCookie, serializeHostCookie } from '@sallyport/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BffContext } from '../context.ts'
import { type OpenSession, openSession } from '../session.ts'

const name = '__Host-sp-bff'

/** The session of a request's cookie; `undefined` when nobody is signed in. */
export const sessionOf = (request: FastifyRequest, context: BffContext): Promise<OpenSession | undefined> =>
  openSession(sessionCookieOf(request), context)

export const sessionCookieOf = (request: FastifyRequest): string | undefined => readCookie(request.headers.cookie, name)

export const setSessionCookie = (reply: FastifyReply, cookie: string, maxAgeSeconds: number): FastifyReply =>
  reply.header('set-cookie', serializeHostCookie(name, cookie, { sameSite: 'Strict', maxAgeSeconds }))

/** Takes the cookie away, and tells the page that its session is over. */
export const clearSession = (reply: FastifyReply): FastifyReply =>
  reply.header('set-cookie', expireHostCookie(name, 'Strict')).header('sallyport-session', 'ended')
