import { judgeSameOrigin } from '@sallyport/server'

/** What a call says of the page that sent it: the custom header, and what the browser adds by itself. */
export interface CallOrigin {
  /** `Sallyport-CSRF`; a form or an image cannot send it, and other origins get no answer to their preflight. */
  readonly csrf: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site` (Fetch Metadata §2.4). */
  readonly fetchSite: string | undefined
}

export type CsrfRefusal = {
  readonly refused: 'csrf_header_missing' | 'cross_origin' | 'origin_unknown'
  readonly expected: string
  readonly got: string
}

/**
 * Whether our own page sent this call: the custom header on every request, with a body or without, and an origin that is ours
 * wherever the browser names one.
 *
 * @see OAuth 2.0 for Browser-Based Applications §6.1.3.2
 */
export function judgeCsrf(call: CallOrigin, ownOrigin: string): 'ours' | CsrfRefusal {
  if (call.csrf !== '1')
    return { refused: 'csrf_header_missing', expected: 'Sallyport-CSRF: 1', got: call.csrf ?? 'none' }
  if (call.origin === undefined && call.fetchSite === undefined) return 'ours'
  const verdict = judgeSameOrigin({ origin: call.origin, 'sec-fetch-site': call.fetchSite }, [ownOrigin])
  if (verdict === 'same_origin') return 'ours'
  return { refused: verdict.refused, expected: verdict.expected ?? ownOrigin, got: verdict.got ?? 'another origin' }
}
