import type { Refusal } from '@sallyport/credentials'
import type { TokenError } from './token-error.ts'

/** A refusal of the credentials package as the token endpoint's error; `reason` stays finer than `error`. */
export function tokenError(error: TokenError['error'], refusal: Refusal, otherwise: string): TokenError {
  const { refused, rule, expected, got, hint } = refusal
  return {
    error,
    reason: refused,
    hint: hint ?? otherwise,
    ...(rule === undefined ? {} : { rule }),
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
  }
}
