import type { FastifyInstance } from 'fastify'

/** Whether a part can do its work now; a rejection or more than two seconds count as no. */
export type ReadyCheck = () => Promise<boolean>

const checkMs = 2_000

/**
 * Adds `/livez` (the process answers) and `/readyz` (every named part can work; 503 with the names of those that cannot,
 * and from the moment the listener closes). Both answer under any host name and tell nothing else.
 */
export function addHealthRoutes(app: FastifyInstance, checks: Readonly<Record<string, ReadyCheck>>): void {
  app.get('/livez', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await passes(check)]))
    const ready = results.every(([, passed]) => passed) && !app.draining.aborted
    reply.code(ready ? 200 : 503)
    if (!ready) reply.header('retry-after', '2')
    return { ready, checks: Object.fromEntries(results) }
  })
}

async function passes(check: ReadyCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, checkMs, false)
  })
  try {
    return await Promise.race([check(), late])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
