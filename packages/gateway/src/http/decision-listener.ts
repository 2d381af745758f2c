import { createListener, type Listener } from '@sallyport/server'
import type { DecisionOptions, GatewayOptions } from '../options.ts'
import type { Edge } from '../verdict.ts'
import { decisions } from './decisions.ts'
import { addOwnRoutes, type EdgeParts, tellers } from './register-edge.ts'
import { trustedProxy } from './trusted-proxy.ts'

/** Names under which a proxy reaches this listener by itself; questions of Envoy come under the caller's `Host`. */
const ownNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * The listener on which another proxy asks. It serves health and the resources' metadata as well, which the proxy passes
 * on as they are.
 *
 * @throws Error naming what is wrong with the description of the proxy
 */
export function decisionListener(
  { proxy: kind, from, origin, port, portFlag, addresses }: DecisionOptions,
  gateway: GatewayOptions,
  edgeAt: (origin: string) => Omit<Edge, 'onRefusal'>,
  parts: EdgeParts,
): Listener {
  const { listenerLimits, tracer } = gateway
  const bound = addresses ?? gateway.addresses
  const listener = createListener({
    name: 'gateway-decisions',
    origin,
    port,
    log: parts.log,
    trace: tracer,
    hosts: [...ownNames, ...(gateway.hosts ?? [])],
    ...(portFlag === undefined ? {} : { portFlag }),
    ...(bound === undefined ? {} : { addresses: bound }),
    ...(listenerLimits === undefined ? {} : { limits: listenerLimits }),
    ...(from.by === 'certificate' ? { tls: { ...from.tls, requestCert: true, rejectUnauthorized: true } } : {}),
  })
  const edge = edgeAt(origin)
  addOwnRoutes(listener, edge.doors.values(), parts)
  const { verdict, refusal, thrown } = tellers(parts)
  const answer = decisions({
    judge: parts.judge,
    edge: { ...edge, onRefusal: refusal },
    kind,
    isProxy: trustedProxy(from),
    origin,
    onRefusal: (refused, { method, id }) => refusal(refused, { method, requestId: id }),
    onVerdict: verdict,
    onThrown: thrown,
  })
  listener.takeOver(answer)
  return listener
}
