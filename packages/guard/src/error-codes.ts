/** What an error code means to the caller; each has its page in `docs/errors/<code>.md`. */
export interface ErrorCode {
  /** The door that refused: 1 who is calling, 2 what this caller may do. */
  readonly door: 1 | 2
  readonly status: 400 | 401 | 403 | 404 | 503
  /** The standard's own code, in `WWW-Authenticate` and the body; absent where the standard has none. */
  readonly error?:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'insufficient_user_authentication'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'access_denied'
    | 'temporarily_unavailable'
  readonly title: string
  /** What the caller can do. Holds nothing that only the operator may know. */
  readonly hint: string
  /** The operator must act: logged as an error, not as an ordinary refusal. */
  readonly operator?: true
}

const malformed = { door: 1, status: 400, error: 'invalid_request' } as const
const badToken = { door: 1, status: 401, error: 'invalid_token' } as const
const badProof = { door: 1, status: 401, error: 'invalid_dpop_proof' } as const
const outage = { door: 1, status: 503, error: 'temporarily_unavailable', operator: true } as const

/** Every refusal of the guard, by its stable name. */
export const errorCodes = {
  token_missing: {
    door: 1,
    status: 401,
    title: 'No access token was sent.',
    hint: 'Send "Authorization: Bearer <access token>" or, with a proof, "Authorization: DPoP <access token>".',
  },
  scheme_unknown: {
    door: 1,
    status: 401,
    title: 'This authorization scheme is not accepted here.',
    hint: 'Send an access token with the scheme Bearer or DPoP.',
  },
  credentials_repeated: {
    ...malformed,
    title: 'More than one credential was sent.',
    hint: 'Send exactly one Authorization header with one token.',
  },
  authorization_malformed: {
    ...malformed,
    title: 'The Authorization header cannot be read.',
    hint: 'Send the scheme, one space and the token, nothing else.',
  },
  token_in_query: {
    ...malformed,
    title: 'An access token was sent in the query.',
    hint: 'Send the token in the Authorization header; addresses end up in logs and histories.',
  },
  token_in_body: {
    ...malformed,
    title: 'An access token was sent in the body.',
    hint: 'Send the token in the Authorization header.',
  },
  token_opaque: {
    ...badToken,
    title: 'This API takes JWT access tokens; an opaque one was sent.',
    hint: 'Ask for a token with resource set to this API, or call through the gateway.',
  },
  token_malformed: {
    ...badToken,
    title: 'The access token cannot be read.',
    hint: 'Send the token exactly as issued.',
  },
  id_token_sent: {
    ...badToken,
    title: 'An ID token was sent where an access token is needed.',
    hint: 'Send access_token of the token response, not id_token.',
  },
  wrong_type: {
    ...badToken,
    title: 'The token is not an access token.',
    hint: 'Send access_token of the token response; its header says typ at+jwt.',
  },
  wrong_issuer: {
    ...badToken,
    title: 'The token was issued by somebody else.',
    hint: 'Ask the authorization server named in the resource metadata for a token.',
  },
  wrong_audience: {
    ...badToken,
    title: 'The token is meant for another API.',
    hint: 'Ask for a token with resource set to this API, byte for byte (mind a slash at the end).',
  },
  wrong_algorithm: {
    ...badToken,
    title: 'The token is signed with an algorithm that is not accepted.',
    hint: 'Use the tokens of this API’s authorization server as they are.',
  },
  unknown_key: {
    ...badToken,
    title: 'The token is signed with a key that the issuer does not publish.',
    hint: 'Get a new token; if it happens again, the token is from another issuer.',
  },
  bad_signature: {
    ...badToken,
    title: 'The token’s signature does not fit.',
    hint: 'Send the token exactly as issued.',
  },
  token_expired: { ...badToken, title: 'The token has expired.', hint: 'Get a new one with the refresh token.' },
  clock_skew: {
    ...badToken,
    title: 'The token was issued in the future.',
    hint: 'Synchronise the clocks of the issuer and this API.',
  },
  not_yet_valid: { ...badToken, title: 'The token is not valid yet.', hint: 'Wait until its nbf, or get a new one.' },
  token_revoked: { ...badToken, title: 'The token was revoked.', hint: 'Sign in again to get a new one.' },
  token_inactive: {
    ...badToken,
    title: 'The token is not active.',
    hint: 'It is unknown, expired or revoked, or not for this API: get a new one.',
  },
  unbound: {
    ...badToken,
    title: 'The token and the way it was sent do not belong together.',
    hint: 'Send a DPoP-bound token with the scheme DPoP and a fresh proof of its key, an unbound one with Bearer.',
  },
  proof_missing: {
    ...badProof,
    title: 'The DPoP proof is missing.',
    hint: 'Send exactly one DPoP header with a fresh proof for this method and address.',
  },
  invalid_dpop_proof: {
    ...badProof,
    title: 'The DPoP proof is not acceptable.',
    hint: 'Make a new proof for every request, with this method and address, the hash of the token and the bound key.',
  },
  proof_replayed: {
    ...badProof,
    title: 'The DPoP proof was used before.',
    hint: 'Make a new proof, with a new jti, for every request.',
  },
  use_dpop_nonce: {
    door: 1,
    status: 401,
    error: 'use_dpop_nonce',
    title: 'The DPoP proof needs this server’s nonce.',
    hint: 'Repeat the request with a proof that carries the nonce of the DPoP-Nonce header.',
  },
  dpop_required: {
    door: 2,
    status: 401,
    error: 'invalid_token',
    title: 'This operation takes sender-constrained tokens only.',
    hint: 'Get a DPoP-bound token and send it with the scheme DPoP and a proof.',
  },
  keys_unavailable: { ...outage, title: 'The issuer’s keys cannot be read right now.', hint: 'Try again shortly.' },
  introspection_unavailable: { ...outage, title: 'The token cannot be checked right now.', hint: 'Try again shortly.' },
  revocations_unavailable: {
    ...outage,
    title: 'Whether the token was revoked is not known right now.',
    hint: 'Try again shortly.',
  },
  replay_memory_full: { ...outage, title: 'Too many proofs are in use right now.', hint: 'Try again shortly.' },
  replay_memory_unavailable: { ...outage, title: 'The proof cannot be checked right now.', hint: 'Try again shortly.' },
  insufficient_scope: {
    door: 2,
    status: 403,
    error: 'insufficient_scope',
    title: 'The token lacks a scope that this operation needs.',
    hint: 'Ask for a token with all scopes that WWW-Authenticate names.',
  },
  access_denied: {
    door: 2,
    status: 403,
    error: 'access_denied',
    title: 'This caller may not do this.',
    hint: 'Ask whoever runs this API if you should be able to.',
  },
  not_found: {
    door: 2,
    status: 404,
    title: 'There is nothing here for this caller.',
    hint: 'Check the address and which account is signed in.',
  },
  step_up_required: {
    door: 2,
    status: 401,
    error: 'insufficient_user_authentication',
    title: 'This operation needs a fresher or stronger sign-in.',
    hint: 'Send the user through authorization again with acr_values and max_age as WWW-Authenticate says.',
  },
  object_rule_missing: {
    door: 2,
    status: 403,
    error: 'access_denied',
    title: 'This route is closed until its service says whose object it serves.',
    hint: 'Only the operator of this API can open it.',
    operator: true,
  },
  policy_failed: {
    door: 2,
    status: 403,
    error: 'access_denied',
    title: 'The policy gave no answer, so the answer is no.',
    hint: 'Try again; if it stays, tell whoever runs this API.',
    operator: true,
  },
} as const satisfies Record<string, ErrorCode>

export type GuardErrorCode = keyof typeof errorCodes
