import type { InputRefusal } from './refusal.ts'

/** The request headers by which a browser says which page sent a request. */
export interface OriginHeaders {
  readonly origin?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}

export type SameOriginRefusal = InputRefusal<'cross_origin' | 'origin_unknown'>

/**
 * Decides whether a page of our own sent this state-changing request. Fails closed: a browser that says neither
 * `Origin` nor `Sec-Fetch-Site` is refused, and so is one whose two answers differ.
 *
 * Pages must not carry `Referrer-Policy: no-referrer`, under which browsers send `Origin: null` with their forms.
 *
 * @param origins  our origins, such as `https://auth.example`, compared byte for byte
 * @see Fetch §3.1 (Origin), W3C Fetch Metadata §2.4 (Sec-Fetch-Site)
 */
export function judgeSameOrigin(headers: OriginHeaders, origins: readonly string[]): 'same_origin' | SameOriginRefusal {
  const { origin, 'sec-fetch-site': site } = headers
  if (origin === undefined && site === undefined) return refuse('origin_unknown', origins, 'neither header')
  if (origin !== undefined && !origins.includes(origin)) return refuse('cross_origin', origins, origin.slice(0, 200))
  if (site === 'same-origin') return 'same_origin'
  // `none` is a person's own act, such as reloading a form; only with our origin beside it is that one of our forms.
  const agrees = origin !== undefined && (site === undefined || site === 'none')
  return agrees ? 'same_origin' : refuse('cross_origin', origins, `Sec-Fetch-Site: ${String(site).slice(0, 40)}`)
}

function refuse(refused: SameOriginRefusal['refused'], origins: readonly string[], got: string): SameOriginRefusal {
  return {
    refused,
    rule: 'Fetch Metadata §2.4',
    expected: origins.join(' or '),
    got,
    hint: 'Open the page again and send its form from there.',
  }
}
