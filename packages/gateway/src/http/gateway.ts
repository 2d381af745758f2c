import { boundedReplayMemory, guardSettings, openIssuer } from '@sallyport/guard'
import {
  createListener,
  type Listener,
  type ListenerOptions,
  type Log,
  rateLimiter,
  silentLog,
} from '@sallyport/server'
import { defaultLimits, defaultRateLimits, type GatewayOptions } from '../options.ts'
import { phantomTokens } from '../phantom-tokens.ts'
import { routeTable } from '../route-table.ts'
import { tracedJudge, tracedPhantomTokens, tracedUpstreams } from '../traced.ts'
import { judge } from '../verdict.ts'
import { decisionListener } from './decision-listener.ts'
import { doorOptions, doorsOf } from './doors.ts'
import { gatewayMetrics } from './gateway-metrics.ts'
import { registerEdge } from './register-edge.ts'
import { upstreams } from './upstreams.ts'

export interface Gateway {
  /**
   * Opens the sockets.
   * @throws PortTakenError
   */
  listen(): Promise<{
    readonly port: number
    readonly securePort: number | undefined
    readonly decisionPort: number | undefined
  }>
  /** Replaces the certificate of the TLS listener without closing anything. */
  replaceCertificate(tls: NonNullable<ListenerOptions['tls']>): void
  /** Lets open requests finish, then ends the connections to both sides. */
  close(): Promise<void>
}

const maxProofs = 100_000

/**
 * The edge: takes requests for several services, establishes who calls (door one), and sends them inside with a token
 * that only the service accepts.
 *
 * @throws Error naming the option that is wrong
 */
export function createGateway(options: GatewayOptions): Gateway {
  const log = (options.log ?? silentLog).child({ part: 'gateway' })
  const limits = { ...defaultLimits, ...options.limits }
  const rates = { ...defaultRateLimits, ...options.rateLimits }
  const routes = routeTable(options.routes)
  const [anyRoute] = routes.routes
  if (anyRoute === undefined) throw new Error('gateway: there is no route')
  const settings = guardSettings(doorOptions(options, anyRoute, options.origin))
  const { client } = settings
  if (client === undefined) throw new Error('gateway: client is needed, tokens are exchanged in its name')
  const { tracer } = options
  const opened = openIssuer(settings, log, tracer)
  const nowSeconds = () => opened.context.nowSeconds()
  const untraced = phantomTokens({ issuer: opened.issuer, client, context: opened.context })
  const phantom = tracer === undefined ? untraced : tracedPhantomTokens(untraced, tracer)
  const replay = options.replay ?? boundedReplayMemory(maxProofs, nowSeconds)
  const metrics = gatewayMetrics(opened.revocations, phantom)
  const plainPools = upstreams(limits, routes.routes)
  const pools = tracer === undefined ? plainPools : tracedUpstreams(plainPools, tracer)
  const limiter = options.rateLimiter ?? ((_name, policy) => rateLimiter(policy))
  const shared = {
    routes,
    phantom,
    cors: { origins: new Set(options.cors?.origins ?? []) },
    perCaller: limiter('caller', rates.perCaller),
    perAddress: limiter('address', rates.perAddress),
    nowSeconds,
  }
  const toVerdict = tracer === undefined ? judge : tracedJudge(judge, tracer)
  const parts = { metrics, log, revocations: opened.revocations, judge: toVerdict }
  const edgeAt = (origin: string) => ({
    ...shared,
    doors: doorsOf(opened, options, replay, routes.routes, origin),
  })
  const { plain, secure } = listenersOf(options, log)
  for (const { origin, listener } of secure === undefined ? [plain] : [plain, secure]) {
    registerEdge(listener, edgeAt(origin), { ...parts, origin, upstreams: pools, limits })
  }
  const asked = options.decisions && decisionListener(options.decisions, options, edgeAt, parts)
  return {
    async listen() {
      const { port } = await plain.listener.listen()
      const securePort = (await secure?.listener.listen())?.port
      return { port, securePort, decisionPort: (await asked?.listen())?.port }
    },
    replaceCertificate: tls => secure?.listener.replaceCertificate(tls),
    async close() {
      await Promise.all([plain.listener, secure?.listener, asked].map(listener => listener?.close()))
      opened.revocations.close()
      await pools.destroy()
    },
  }
}

interface OwnListener {
  readonly origin: string
  readonly listener: Listener
}

/** The plain listener and, where asked for, the one that speaks TLS; each has its own origin. */
function listenersOf(
  options: GatewayOptions,
  log: Log,
): { readonly plain: OwnListener; readonly secure: OwnListener | undefined } {
  const { addresses, hosts, trustProxy, listenerLimits: limits, portFlag, secure, tracer: trace } = options
  const common = {
    log,
    trace,
    ...(addresses === undefined ? {} : { addresses }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    ...(limits === undefined ? {} : { limits }),
  }
  const plain = createListener({
    ...common,
    name: 'gateway',
    origin: options.origin,
    port: options.port,
    ...(portFlag === undefined ? {} : { portFlag }),
  })
  const own = { origin: options.origin, listener: plain }
  if (secure === undefined) return { plain: own, secure: undefined }
  const { origin, port, tls } = secure
  const flag = secure.portFlag === undefined ? {} : { portFlag: secure.portFlag }
  const encrypted = createListener({ ...common, ...flag, name: 'gateway-tls', origin, port, tls })
  return { plain: own, secure: { origin, listener: encrypted } }
}
