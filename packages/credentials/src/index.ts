export {
  type AccessTokenClaims,
  accessTokenType,
  type Confirmation,
  readAccessTokenClaims,
  signAccessToken,
} from './access-token.ts'
export { fapiAlgorithms, isSigningAlgorithm, type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'
export { decodeBase64url, encodeBase64url } from './base64url.ts'
export type { Caller, Sender } from './caller.ts'
export { type ClientAssertion, clientAssertionType, createClientAssertion } from './client-assertion.ts'
export {
  accessTokenHash,
  createDpopProof,
  type DpopClaims,
  type DpopProof,
  type DpopRefusal,
  type ExpectedProof,
  proofLifetimeSeconds,
  verifyDpopProof,
} from './dpop.ts'
export { type DpopNonces, dpopNonces } from './dpop-nonce.ts'
export { normalizeHtu } from './htu.ts'
export { callerFromIntrospection } from './introspected-caller.ts'
export {
  type CallerRefusal,
  judgeCaller,
  noRevocations,
  type PresentedToken,
  type RevocableToken,
  type RevocationView,
} from './judge-caller.ts'
export { importPublicJwk, type JwkRefusal, type PublicJwk, type VerifyKey } from './jwk.ts'
export { type JwsHeader, type JwsRefusal, maxTokenBytes, type ParsedJws, parseCompactJws, verifyJws } from './jws.ts'
export { type ExpectedJwt, type JwtRefusal, type VerifiedJwt, verifyJwt } from './jwt.ts'
export {
  announceKey,
  emptyKeyRing,
  type KeyRing,
  type KeyState,
  keyState,
  planRotation,
  publishedJwks,
  type RingKey,
  type RotationPlan,
  type RotationSchedule,
  rotateNow,
  signingKey,
  withoutKey,
} from './key-ring.ts'
export { fixedKeys, type KeySource, type MaybePromise } from './key-source.ts'
export {
  type MintedToken,
  mintOpaqueToken,
  mintSelector,
  type OpaqueKind,
  type OpaqueReference,
  opaqueKind,
  parseOpaqueToken,
  type RandomBytes,
  sameSecret,
} from './opaque-token.ts'
export { isCodeChallenge, isCodeVerifier, s256, verifyCodeVerifier } from './pkce.ts'
export { isRefusal, type Refusal } from './refusal.ts'
export { rememberKeys } from './remembered-keys.ts'
export {
  type FetchKeys,
  type RemoteKeySet,
  type RemoteKeySetOptions,
  type RemoteKeysState,
  remoteKeySet,
} from './remote-keys.ts'
export {
  type FeedEntryMessage,
  type FeedHeartbeatMessage,
  type FeedKeyMessage,
  type FeedMessage,
  type FeedPosition,
  type FeedRefusal,
  type FeedSnapshotMessage,
  type RevocationEntry,
  type RevokedKind,
  revocationFeedType,
  signFeedMessage,
  snapshotMessages,
  type VerifiedFeedMessage,
  verifyFeedMessage,
} from './revocation-feed.ts'
export {
  type RevocationList,
  type RevocationListOptions,
  type RevocationListRefusal,
  type RevocationListState,
  revocationList,
} from './revocation-list.ts'
export { batchedSign, type JwtToSign, type Sign, signJwt, signJwtNow, signNow } from './sign.ts'
export {
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  type PrivateJwk,
  type SigningKey,
  verifyKeyOf,
} from './signing-key.ts'
export { isJsonObject, type JsonObject, parseJsonObject } from './strict-json.ts'
export { jwkThumbprint } from './thumbprint.ts'
export {
  type AccessTokenRefusal,
  type ExpectedToken,
  type VerifyContext,
  verifyAccessToken,
} from './verify-access-token.ts'
