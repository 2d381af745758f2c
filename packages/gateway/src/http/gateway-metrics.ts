import { errorCodes as doorCodes, type Revocations } from '@sallyport/guard'
import { createMetrics } from '@sallyport/server'
import { errorCodes } from '../error-codes.ts'
import type { PhantomTokens } from '../phantom-tokens.ts'

export interface GatewayMetrics {
  /** One request that went inside, or the code of its refusal. */
  decided(outcome: string): void
  /** One answer, with how long it took. */
  answered(method: string, status: number, seconds: number): void
  /** One request that was turned away because of overload. */
  shed(): void
  /** Text of all metrics, with the gauges as they are now. */
  render(): string
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const feeds = ['none', 'connecting', 'live', 'late', 'silent']
const classes = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** Counts by words of the catalogues; no caller, path or address ever becomes a label. */
export function gatewayMetrics(revocations: Revocations, phantom: PhantomTokens): GatewayMetrics {
  const all = createMetrics()
  const outcome = ['allow', ...Object.keys(doorCodes), ...Object.keys(errorCodes)]
  const decisions = all.counter('sallyport_decisions_total', 'Requests by the door that decided and its answer.', {
    door: ['1'],
    outcome,
  })
  const durations = all.histogram('http_server_request_duration_seconds', 'Duration of requests.', {
    method: methods,
    status: classes,
  })
  const feed = all.gauge('sallyport_revocation_feed_state', '1 for the state the revocation feed is in.', {
    state: feeds,
  })
  const silence = all.gauge(
    'sallyport_revocation_feed_silence_seconds',
    'Time since the last message of the feed that was in order.',
    {},
  )
  const shed = all.counter('http_server_shed_total', 'Requests turned away because of overload.', {})
  const kept = all.gauge('sallyport_phantom_tokens', 'Phantom tokens kept.', {})
  return {
    decided: word => decisions.add({ door: '1', outcome: word }),
    answered: (method, status, seconds) =>
      durations.observe({ method, status: `${Math.floor(status / 100)}xx` }, seconds),
    shed: () => shed.add({}),
    render() {
      const state = revocations.state()
      for (const word of feeds) feed.set({ state: word }, state.feed === word ? 1 : 0)
      silence.set({}, state.silentForSeconds)
      kept.set({}, phantom.size)
      return all.render()
    },
  }
}
