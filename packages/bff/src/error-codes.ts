/** What the back end refuses, to the page's calls or on a page of its own; each has its page in `docs/errors/<code>.md`. */
export interface BffErrorCode {
  readonly status: 400 | 401 | 403 | 404 | 405 | 502 | 503
  /** The `error` of an answer in JSON. */
  readonly error: string
  /** What is wrong and what to do, for whoever reads the answer. */
  readonly description: string
}

const notOurPage = { status: 403, error: 'forbidden' } as const
const notSignedIn = { status: 400, error: 'sign_in_failed' } as const

export const errorCodes = {
  signed_out: { status: 401, error: 'unauthorized', description: 'Nobody is signed in here. Sign in at /bff/login.' },
  authority_unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'Your session is still there, but the authority gave no answer. Try again in a moment.',
  },
  upstream_unreachable: {
    status: 502,
    error: 'bad_gateway',
    description: 'The service behind this address gave no answer. Try again in a moment.',
  },
  csrf_header_missing: { ...notOurPage, description: 'Calls need the header Sallyport-CSRF: 1.' },
  cross_origin: { ...notOurPage, description: 'Calls must come from a page of this site.' },
  origin_unknown: { ...notOurPage, description: 'Calls must say which page they come from.' },
  path_not_plain: {
    status: 400,
    error: 'invalid_request',
    description: 'The path has segments or characters that can be read in more than one way.',
  },
  route_unknown: { status: 404, error: 'not_found', description: 'There is nothing at this address.' },
  method_not_allowed: {
    status: 405,
    error: 'method_not_allowed',
    description: 'This address takes other methods; Allow names them.',
  },
  malformed_query: {
    status: 400,
    error: 'invalid_request',
    description: 'The address is malformed or names a parameter twice.',
  },
  state_missing: {
    ...notSignedIn,
    description: 'This address belongs to a sign-in, but the sign-in is missing from it.',
  },
  login_expired: {
    ...notSignedIn,
    description: 'This sign-in is over ten minutes old, was finished already, or was begun in another browser.',
  },
  wrong_issuer: {
    ...notSignedIn,
    description: 'The answer came from another authority than the one you were sent to.',
  },
  callback_replayed: { ...notSignedIn, description: 'This sign-in was used already.' },
  authorization_refused: {
    ...notSignedIn,
    description: 'The authority did not sign you in, or you chose not to allow it.',
  },
  code_refused: { ...notSignedIn, description: 'The authority did not accept its own answer any more.' },
  id_token_refused: {
    ...notSignedIn,
    description: 'The authority answered with an identity that does not fit this sign-in.',
  },
  authority_unreachable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The authority gave no answer. Nothing is wrong with your account.',
  },
} as const satisfies Record<string, BffErrorCode>

export type BffErrorName = keyof typeof errorCodes
