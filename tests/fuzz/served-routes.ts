import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { startService } from '../../examples/orders-api/src/testing/service.ts'

export type ListenerName = 'authority' | 'gateway' | 'app' | 'ordersApi'

/** An address that a listener serves, as its routes spell it: `/manage/clients/:client_id`. */
export interface ServedAddress {
  readonly listener: ListenerName
  readonly url: string
  readonly methods: readonly string[]
}

interface NotedRoute {
  readonly app: number
  readonly method: string
  readonly url: string
}

/** What tells one listener's routes from another's. */
const marks: readonly (readonly [string, ListenerName])[] = [
  ['/token', 'authority'],
  ['/bff/login', 'app'],
  ['/.well-known/oauth-protected-resource/orders', 'gateway'],
  ['/orders', 'ordersApi'],
]

/** What the gateway takes over from its listener: no app of it has a route for what goes inside. */
const passedOn: ServedAddress = {
  listener: 'gateway',
  url: '/*',
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
}

/**
 * Every address that the running system serves: what its apps registered, as `note-routes.ts` wrote it down, and what the
 * orders API registers, which runs as a process of its own with an environment of its own.
 */
export async function servedAddresses(notes: string): Promise<readonly ServedAddress[]> {
  const noted = existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []
  const routes = [...noted.map((line): NotedRoute => JSON.parse(line)), ...(await ordersRoutes())]
  const found = new Map<string, ServedAddress>([['gateway /*', passedOn]])
  for (const app of new Set(routes.map(route => route.app))) {
    const own = routes.filter(route => route.app === app)
    const listener = marks.find(([mark]) => own.some(({ url }) => url === mark))?.[1]
    if (listener === undefined) throw new Error(`whose routes are these? ${own.map(({ url }) => url).join(' ')}`)
    for (const { url } of own) {
      const methods = [...new Set(own.filter(route => route.url === url).map(({ method }) => method))]
      found.set(`${listener} ${url}`, { listener, url, methods })
    }
  }
  return [...found.values()]
}

async function ordersRoutes(): Promise<readonly NotedRoute[]> {
  const routes: NotedRoute[] = []
  let app = -1
  const note = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: FastifyInstance }
    const own = app
    app -= 1
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) routes.push({ app: own, method: each, url })
    })
  }
  subscribe('fastify.initialization', note)
  try {
    await (await startService()).close()
  } finally {
    unsubscribe('fastify.initialization', note)
  }
  return routes.filter(({ app: of }) => routes.some(({ app: same, url }) => same === of && url === '/orders'))
}
