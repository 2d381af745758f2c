import {
  addHealthRoutes,
  createListener,
  type Listener,
  type ListenerOptions,
  type MakeRateLimiter,
  type Metrics,
  type ReadyCheck,
  serveMetrics,
  type Urgency,
} from '@sallyport/server'
import type { LaggingStore } from '@sallyport/store'
import type { AuthorityContext } from '../context.ts'
import { registerManagement } from '../management/http/management.ts'
import { issuerPath } from '../metadata.ts'
import { registerBackChannel } from './back-channel.ts'
import { registerFrontChannel } from './front-channel.ts'
import { quotasOf } from './quotas.ts'

export interface AuthorityOptions {
  readonly context: AuthorityContext
  readonly listener: ListenerOptions
  /** Answers lists of the management API that may lag; without, the store of the context does. */
  readonly lagging?: LaggingStore | undefined
  readonly metrics?: Metrics
  /** Makes the limiters of its quotas; default: in this process's memory. Several processes share theirs. */
  readonly rateLimiter?: MakeRateLimiter
  /** What else must work for `/readyz`; the store is always asked. */
  readonly checks?: Readonly<Record<string, ReadyCheck>>
}

/** The whole authority behind one listener: back channel, front channel, management API, health. Not listening yet. */
export function createAuthority(options: AuthorityOptions): Listener {
  const { context } = options
  const listener = createListener({
    ...options.listener,
    urgencyOf: urgencyAt(issuerPath(context.issuer)),
    answersAlone: true,
  })
  const { app } = listener
  if (options.metrics !== undefined) serveMetrics(listener, options.metrics)
  const quotas = quotasOf(context, options.rateLimiter)
  registerBackChannel(listener, context, quotas)
  registerFrontChannel(app, context, quotas)
  registerManagement(app, context, options.lagging)
  addHealthRoutes(app, {
    store: async () => {
      await context.store.peek('signing-key', 'ring')
      return true
    },
    ...options.checks,
  })
  return listener
}

/** What ends something comes before what begins something; the feed of revocations is kept open and counts its own places. */
function urgencyAt(base: string): (method: string, path: string) => Urgency {
  const [feed, ends] = [`${base}/revocations`, new Set([`${base}/revoke`, `${base}/logout`])]
  const managed = `${base}/manage/`
  return (method, path) => {
    if (path === feed) return 'always'
    return ends.has(path) || (method === 'DELETE' && path.startsWith(managed)) ? 'first' : 'usual'
  }
}
