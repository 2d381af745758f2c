import type { Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'

/** How the times of a token are judged. */
export interface ExpectedTimes {
  /** Unix seconds. */
  readonly nowSeconds: number
  readonly leewaySeconds?: number
  readonly acceptExpired?: boolean
  readonly maxLifetimeSeconds?: number
}

export type TimeRefusal = Refusal<'malformed' | 'token_expired' | 'clock_skew' | 'not_yet_valid'>

const maxLeewaySeconds = 60

/** The leeway asked for, kept within 0 to 60 s: a token 61 s in the future is always refused (FAPI 2.0 §5.3.2.1). */
export function leewayOf(leewaySeconds: number | undefined, otherwise: number): number {
  const asked = leewaySeconds ?? otherwise
  return asked >= 0 ? Math.min(asked, maxLeewaySeconds) : 0
}

/**
 * Judges `exp`, `nbf` and `iat`. `exp` is required; an `iat` in the future is refused too, because it shows that one of
 * two clocks is wrong.
 *
 * @see RFC 7519 §4.1.4 to §4.1.6, FAPI 2.0 §5.3.2.1
 */
export function refuseTimes(claims: JsonObject, expected: ExpectedTimes): TimeRefusal | undefined {
  const { exp, nbf, iat } = claims
  const { nowSeconds: now } = expected
  const leeway = leewayOf(expected.leewaySeconds, 10)
  if (!isTime(exp)) return malformed('exp, a number of seconds', exp)
  if (nbf !== undefined && !isTime(nbf)) return malformed('nbf, a number of seconds', nbf)
  if (iat !== undefined && !isTime(iat)) return malformed('iat, a number of seconds', iat)
  if (iat !== undefined && iat > now + leeway) return clockSkew(iat - now, leeway)
  if (nbf !== undefined && nbf > now + leeway) return notYetValid(nbf - now)
  if (now >= exp + leeway && expected.acceptExpired !== true) return expired(now - exp)
  const { maxLifetimeSeconds } = expected
  if (maxLifetimeSeconds !== undefined && exp - Math.min(iat ?? now, now) > maxLifetimeSeconds + leeway)
    return malformed(`exp at most ${maxLifetimeSeconds} s ahead`, exp - now)
  return undefined
}

/** A NumericDate that fits a Date: no strings, no NaN, nothing negative. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e12
}

function malformed(expected: string, got: unknown): TimeRefusal {
  const shown = typeof got === 'number' ? `${got}` : typeof got
  return { refused: 'malformed', rule: 'RFC 7519 §4.1', expected, got: shown }
}

function expired(agoSeconds: number): TimeRefusal {
  const got = `${Math.floor(agoSeconds)} s ago`
  return {
    refused: 'token_expired',
    rule: 'RFC 7519 §4.1.4',
    expected: 'an end after now',
    got,
    hint: 'Refresh the token.',
  }
}

function clockSkew(aheadSeconds: number, leeway: number): TimeRefusal {
  return {
    refused: 'clock_skew',
    rule: 'RFC 7519 §4.1.6',
    expected: `issued at most ${leeway} s ahead of this clock`,
    got: `+${Math.ceil(aheadSeconds)} s`,
    hint: 'Synchronise the clocks of issuer and service.',
  }
}

function notYetValid(inSeconds: number): TimeRefusal {
  const got = `valid in ${Math.ceil(inSeconds)} s`
  return { refused: 'not_yet_valid', rule: 'RFC 7519 §4.1.5', expected: 'valid now', got, hint: 'Wait until nbf.' }
}
