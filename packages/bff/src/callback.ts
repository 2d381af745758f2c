import { createHash } from 'node:crypto'
import { generateSigningKey, isRefusal, verifyJwt } from '@sallyport/credentials'
import type { BffContext } from './context.ts'
import { type LoginAttempt, loginAttemptTtlSeconds, readLoginAttempt } from './login-attempt.ts'
import type { BrowserSession, SessionUser } from './session.ts'
import { requestTokens, type TokenResponse } from './token-request.ts'

/** The authorization response, as the browser brought it (OAuth 2.1 §4.1.2, RFC 9207). */
export interface CallbackQuery {
  readonly code?: string
  readonly state?: string
  readonly iss?: string
  readonly error?: string
  readonly error_description?: string
}

export type CallbackResult =
  | {
      readonly session: BrowserSession
      readonly returnTo: string
      /** Cookie of the session that this one takes the place of. */
      readonly replaces: string | undefined
    }
  | CallbackRefusal

/** Why nobody was signed in. `returnTo` is where the page can offer to start again. */
export interface CallbackRefusal {
  readonly refused:
    | 'state_missing'
    | 'login_expired'
    | 'wrong_issuer'
    | 'callback_replayed'
    | 'authorization_refused'
    | 'code_refused'
    | 'id_token_refused'
    | 'authority_unreachable'
  readonly expected: string
  readonly got: string
  readonly returnTo: string
}

/**
 * Turns an authorization response into a session. The attempt's cookie must be this browser's (login CSRF), `iss` must be our authority (RFC 9207
 * §2.4), one response is used once however often the browser sends it, and the ID token must carry this attempt's nonce.
 */
export async function finishLogin(
  query: CallbackQuery,
  cookie: string | undefined,
  context: BffContext,
): Promise<CallbackResult> {
  if (query.state === undefined) return refusal('state_missing', 'state', 'none')
  const attempt = cookie === undefined ? undefined : readLoginAttempt(cookie, query.state, context)
  if (attempt === undefined)
    return refusal('login_expired', 'the sign-in that this browser began in the last 10 minutes', 'none')
  const { issuer } = context.settings
  if (query.iss !== issuer) return refusal('wrong_issuer', issuer, query.iss ?? 'none', attempt.returnTo)
  if (query.error !== undefined) return refusal('authorization_refused', 'a code', query.error, attempt.returnTo)
  if (query.code === undefined) return refusal('authorization_refused', 'a code', 'none', attempt.returnTo)
  const once = createHash('sha256').update(attempt.state).digest('base64url')
  const first = await context.store.claim('login-callback', once, attempt.startedAt + loginAttemptTtlSeconds + 1)
  if (first === 'lost')
    return refusal('callback_replayed', 'a first use', 'a second use of the same sign-in', attempt.returnTo)
  return redeem(query.code, attempt, context)
}

async function redeem(code: string, attempt: LoginAttempt, context: BffContext): Promise<CallbackResult> {
  const dpopKey = generateSigningKey('ES256')
  const parameters = {
    grant_type: 'authorization_code',
    code,
    code_verifier: attempt.codeVerifier,
    redirect_uri: `${context.settings.origin}/bff/callback`,
  }
  const answer = await requestTokens(parameters, dpopKey, context)
  if ('refused' in answer) {
    return refusal(
      answer.refused === 'unreachable' ? 'authority_unreachable' : 'code_refused',
      'tokens',
      answer.got,
      attempt.returnTo,
    )
  }
  if (answer.token_type !== 'DPoP')
    return refusal('code_refused', 'DPoP-bound tokens', answer.token_type, attempt.returnTo)
  const signedIn = await readIdToken(answer, attempt, context)
  if ('refused' in signedIn) return { ...signedIn, returnTo: attempt.returnTo }
  const now = context.now()
  const tokens = {
    accessToken: answer.access_token,
    accessExpiresAt: now + answer.expires_in,
    refreshToken: answer.refresh_token,
    scope: answer.scope?.split(' ') ?? context.settings.scope,
    dpopKey,
  }
  const { returnTo, replaces } = attempt
  return { returnTo, replaces, session: { ...signedIn, tokens, startedAt: now } }
}

/** OpenID Connect Core §3.1.3.7: issuer, audience, signature, time and nonce. */
async function readIdToken(
  answer: TokenResponse,
  attempt: LoginAttempt,
  context: BffContext,
): Promise<{ readonly user: SessionUser; readonly sid: string | undefined } | CallbackRefusal> {
  if (answer.id_token === undefined) return refusal('id_token_refused', 'an ID token', 'none')
  const verified = await verifyJwt(answer.id_token, {
    algorithms: ['ES256', 'PS256', 'RS256', 'EdDSA'],
    typ: ['JWT', undefined],
    issuer: context.settings.issuer,
    audience: context.settings.clientId,
    keys: await context.keys(),
    nowSeconds: context.now(),
  })
  if (isRefusal(verified)) return refusal('id_token_refused', verified.expected ?? 'a valid ID token', verified.refused)
  const { claims } = verified
  if (claims.nonce !== attempt.nonce) return refusal('id_token_refused', "this sign-in's nonce", 'another')
  if (typeof claims.sub !== 'string') return refusal('id_token_refused', 'sub', 'none')
  const user = {
    sub: claims.sub,
    ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
    ...(typeof claims.preferred_username === 'string' ? { preferred_username: claims.preferred_username } : {}),
    ...(typeof claims.acr === 'string' ? { acr: claims.acr } : {}),
    ...(typeof claims.auth_time === 'number' ? { auth_time: claims.auth_time } : {}),
  }
  return { user, sid: typeof claims.sid === 'string' ? claims.sid : undefined }
}

function refusal(refused: CallbackRefusal['refused'], expected: string, got: string, returnTo = '/'): CallbackRefusal {
  return { refused, expected, got, returnTo }
}
