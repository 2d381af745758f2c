import { errorCodes, type GuardErrorCode } from './error-codes.ts'
import type { RevocationsState } from './revocations.ts'

/** How often each door opened and stayed shut since the start. */
export interface Counts {
  readonly passed: number
  readonly refused: ReadonlyMap<GuardErrorCode, number>
}

export interface Counting {
  passed(): void
  refused(code: GuardErrorCode): void
  now(): Counts
}

export function counts(): Counting {
  let passed = 0
  const refused = new Map<GuardErrorCode, number>()
  return {
    passed: () => {
      passed += 1
    },
    refused: code => {
      refused.set(code, (refused.get(code) ?? 0) + 1)
    },
    now: () => ({ passed, refused }),
  }
}

/** The Prometheus text format; labels are words of the catalogue, never an id. */
export function prometheusText(counted: Counts, revocations: RevocationsState, cachedTokens: number): string {
  const feeds = ['none', 'connecting', 'live', 'late', 'silent'] as const
  const lines = [
    '# HELP sallyport_decisions_total Requests by the door that decided and its answer.',
    '# TYPE sallyport_decisions_total counter',
    `sallyport_decisions_total{door="2",outcome="allow"} ${counted.passed}`,
    ...[...counted.refused].map(
      ([code, times]) => `sallyport_decisions_total{door="${errorCodes[code].door}",outcome="${code}"} ${times}`,
    ),
    '# HELP sallyport_revocation_feed_state 1 for the state the revocation feed is in.',
    '# TYPE sallyport_revocation_feed_state gauge',
    ...feeds.map(feed => `sallyport_revocation_feed_state{state="${feed}"} ${revocations.feed === feed ? 1 : 0}`),
    '# HELP sallyport_revocation_feed_silence_seconds Time since the last message of the feed that was in order.',
    '# TYPE sallyport_revocation_feed_silence_seconds gauge',
    `sallyport_revocation_feed_silence_seconds ${revocations.silentForSeconds}`,
    '# HELP sallyport_cached_tokens Tokens remembered as verified.',
    '# TYPE sallyport_cached_tokens gauge',
    `sallyport_cached_tokens ${cachedTokens}`,
  ]
  return `${lines.join('\n')}\n`
}
