import type { AccessTokenRefusal, DpopRefusal } from '@sallyport/credentials'
import type { GuardErrorCode } from './error-codes.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { Revocations } from './revocations.ts'

type CredentialsReason = AccessTokenRefusal['refused'] | DpopRefusal['refused']

/** Every word of the credentials package, as the code a caller of an API sees. */
const codes: Readonly<Record<CredentialsReason, GuardErrorCode>> = {
  malformed: 'token_malformed',
  wrong_algorithm: 'wrong_algorithm',
  wrong_type: 'wrong_type',
  wrong_issuer: 'wrong_issuer',
  wrong_audience: 'wrong_audience',
  token_expired: 'token_expired',
  clock_skew: 'clock_skew',
  not_yet_valid: 'not_yet_valid',
  unknown_key: 'unknown_key',
  keys_unavailable: 'keys_unavailable',
  bad_signature: 'bad_signature',
  token_opaque: 'token_opaque',
  id_token_sent: 'id_token_sent',
  token_inactive: 'token_inactive',
  unbound: 'unbound',
  revoked: 'token_revoked',
  revocation_unknown: 'revocations_unavailable',
  invalid_dpop_proof: 'invalid_dpop_proof',
  use_dpop_nonce: 'use_dpop_nonce',
}

/** A refusal of the credentials package in the guard's words, with what the feed's silence adds for the log. */
export function guardRefusal(
  refusal: AccessTokenRefusal | DpopRefusal,
  scheme: 'Bearer' | 'DPoP',
  revocations: Revocations,
): GuardRefusal {
  const refused = codes[refusal.refused]
  if (refused !== 'revocations_unavailable') return { ...refusal, refused, scheme }
  const { feed, silentForSeconds } = revocations.state()
  return { ...refusal, refused, scheme, got: `feed ${feed}, silent for ${silentForSeconds.toFixed(1)} s` }
}
