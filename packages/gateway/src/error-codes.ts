/** What the gateway itself refuses, beside door one's own codes; each has its page in `docs/errors/<code>.md`. */
export interface GatewayErrorCode {
  readonly status: 400 | 403 | 404 | 413 | 429 | 500 | 502 | 503 | 504
  readonly title: string
  readonly hint: string
}

export const errorCodes = {
  path_malformed: {
    status: 400,
    title: 'The address can be read in more than one way.',
    hint: 'Send a path without dot segments, empty segments, encoded slashes, backslashes or double encoding.',
  },
  body_unexpected: {
    status: 400,
    title: 'This method takes no body.',
    hint: 'Send the body with POST, PUT, PATCH or DELETE.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than this address takes.',
    hint: 'Send less at a time.',
  },
  origin_unlisted: {
    status: 403,
    title: 'Pages of this origin may not call this API.',
    hint: 'Ask whoever runs the gateway to list the origin.',
  },
  question_malformed: {
    status: 400,
    title: 'The proxy does not say plainly what it asks about.',
    hint: 'As the operator: compare the proxy’s configuration with docs/proxies.md.',
  },
  header_not_taken: {
    status: 400,
    title: 'The request has a header that only a proxy may say.',
    hint: 'Leave the header out.',
  },
  proxy_unknown: {
    status: 403,
    title: 'Decisions are for the configured proxy alone.',
    hint: 'Ask the proxy in front for what you want.',
  },
  route_unknown: { status: 404, title: 'There is nothing at this address.', hint: 'Check the path.' },
  rate_limited: {
    status: 429,
    title: 'Too many requests.',
    hint: 'Wait as long as Retry-After says; RateLimit tells how many are left.',
  },
  server_error: {
    status: 500,
    title: 'Something went wrong on the side of the gateway.',
    hint: 'Quote the request id when you report it.',
  },
  upstream_unavailable: {
    status: 502,
    title: 'The service behind this address cannot be reached.',
    hint: 'Try again shortly.',
  },
  upstream_timeout: {
    status: 504,
    title: 'The service behind this address did not answer in time.',
    hint: 'Try again shortly; a request that changes something may have been carried out.',
  },
  exchange_unavailable: {
    status: 503,
    title: 'The token cannot be exchanged right now.',
    hint: 'Try again shortly.',
  },
} as const satisfies Record<string, GatewayErrorCode>

export type GatewayErrorName = keyof typeof errorCodes
