import { s256 } from '@sallyport/credentials'
import { parseCookies } from '@sallyport/server'
import type { BffContext } from './context.ts'
import { returnTo } from './rules/return-to.ts'
import { seal, unseal } from './seal.ts'
import { authorityEndpoint } from './token-request.ts'

/** A sign-in under way in one tab, kept sealed in that browser's own cookie: no row, so nobody can fill the store with them. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnTo: string
  /** Cookie of the session this browser has already, which ends when this sign-in succeeds: it does not reach a callback from another site. */
  readonly replaces?: string
  /** Unix seconds. */
  readonly startedAt: number
}

/** What the page may ask of a sign-in: where to come back to, and how strong it has to be (RFC 9470 §4). */
export interface LoginWishes {
  readonly return_to?: string
  readonly acr_values?: string
  readonly max_age?: string
  readonly scope?: string
  readonly prompt?: string
  readonly login_hint?: string
}

export const loginAttemptTtlSeconds = 600

const cookiePrefix = '__Host-sp-bff-login-'
/** Tabs that may be signing in at once. */
const attemptsKept = 5
const sessionCookieMax = 128

/**
 * Begins a sign-in: the address to send the browser to and the cookie that remembers the attempt (one cookie an attempt, so that tabs do not
 * overwrite each other).
 *
 * @see OAuth 2.1 §4.1.1, RFC 7636 §4.3, RFC 8707 §2.1
 */
export async function beginLogin(
  wishes: LoginWishes,
  context: BffContext,
  sessionCookie?: string,
): Promise<{ location: string; cookieName: LoginCookieName; cookie: string } | 'unreachable'> {
  const { settings } = context
  const endpoint = await authorityEndpoint('authorization_endpoint', context)
  if (endpoint === undefined) return 'unreachable'
  const attempt: LoginAttempt = {
    state: randomText(context),
    nonce: randomText(context),
    codeVerifier: randomText(context),
    returnTo: returnTo(wishes.return_to, settings.origin),
    ...(sessionCookie !== undefined && sessionCookie.length <= sessionCookieMax && { replaces: sessionCookie }),
    startedAt: context.now(),
  }
  const cookie = seal(JSON.stringify(attempt), context.loginKey, purpose, context.random)
  const location = `${endpoint}?${authorizationParameters(attempt, wishes, context)}`
  return { location, cookieName: loginCookieName(attempt.state), cookie }
}

/** The cookie of the attempt that a `state` belongs to. */
export const loginCookieName = (state: string): LoginCookieName =>
  `${cookiePrefix}${state.replace(/[^\w-]/g, '').slice(0, 12)}`

export type LoginCookieName = `__Host-sp-bff-login-${string}`

/**
 * The cookies of attempts that a further one pushes out, the oldest first: sign-ins that were begun and left must not pile up until
 * the browser's cookies are too large for any request.
 */
export function crowdedOut(cookieHeader: string | undefined, context: BffContext): readonly LoginCookieName[] {
  const attempts = [...parseCookies(cookieHeader)].filter(isLoginCookie).map(([name, cookie]) => {
    const plain = unseal(cookie, context.loginKey, purpose)
    return { name, startedAt: plain === undefined ? 0 : (JSON.parse(plain) as LoginAttempt).startedAt }
  })
  const newestFirst = attempts.sort((one, other) => other.startedAt - one.startedAt)
  return newestFirst.slice(attemptsKept - 1).map(({ name }) => name)
}

const isLoginCookie = (cookie: readonly [string, string]): cookie is [LoginCookieName, string] =>
  cookie[0].startsWith(cookiePrefix)

/** Reads the attempt back; `undefined` when it is not ours, of another `state`, or older than ten minutes. */
export function readLoginAttempt(cookie: string, state: string, context: BffContext): LoginAttempt | undefined {
  const plain = unseal(cookie, context.loginKey, purpose)
  if (plain === undefined) return undefined
  const attempt = JSON.parse(plain) as LoginAttempt
  const fresh = context.now() - attempt.startedAt <= loginAttemptTtlSeconds
  return fresh && attempt.state === state ? attempt : undefined
}

function authorizationParameters(attempt: LoginAttempt, wishes: LoginWishes, context: BffContext): URLSearchParams {
  const { settings } = context
  const asked = wishes.scope?.split(' ').filter(scope => settings.scope.includes(scope))
  const scope = new Set(['openid', ...(asked === undefined || asked.length === 0 ? settings.usualScope : asked)])
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: `${settings.origin}/bff/callback`,
    scope: [...scope].join(' '),
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: s256(attempt.codeVerifier),
    code_challenge_method: 'S256',
  })
  // What scopes ask for is answered at userinfo (OpenID Connect Core §5.4); a name is wanted here, and no more calls (§5.5).
  if (scope.has('profile')) parameters.set('claims', JSON.stringify({ id_token: nameClaims }))
  for (const resource of settings.resources) parameters.append('resource', resource)
  for (const name of ['acr_values', 'max_age', 'prompt', 'login_hint'] as const) {
    const wish = wishes[name]
    if (wish !== undefined && wish !== '') parameters.set(name, wish)
  }
  return parameters
}

const nameClaims = { name: null, preferred_username: null }

const randomText = (context: BffContext): string => Buffer.from(context.random(32)).toString('base64url')

const purpose = 'sallyport bff login'
