import { once } from 'node:events'
import { createServer } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { answerMalformed } from './malformed.ts'

/**
 * Listens on both loopback addresses, and on no other. `localhost` may name only one of them, and what a browser makes
 * of it is the browser's choice.
 *
 * @throws Error with code EADDRINUSE when either is taken: a stranger there would get our callers
 */
export async function listenOnLoopback(app: FastifyInstance, port: number): Promise<void> {
  const second = createServer({ requestTimeout: 30_000 }, (request, response) => app.routing(request, response))
  second.on('clientError', answerMalformed)
  app.addHook('preClose', (done: () => void) => {
    second.close(() => done())
    second.closeAllConnections()
  })
  await app.ready()
  await app.listen({ host: '127.0.0.1', port })
  second.listen(port, '::1')
  await once(second, 'listening').catch(async error => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') return
    throw error
  })
}
