import type { Refusal } from '@sallyport/credentials'

export const minPasswordLength = 12
export const maxPasswordBytes = 1024

/** The most used passwords of 12 characters and more in published leaks, and what this page itself suggests. */
const wellKnown: ReadonlySet<string> = new Set([
  'password1234',
  '123456789012',
  'qwertyuiop12',
  'qwerty123456',
  '1234567890123',
  '111111111111',
  '000000000000',
  'passwordpassword',
  'administrator',
  'letmeinletmein',
  'iloveyou1234',
  'changemechangeme',
  'abcdefghijkl',
  '123456789abc',
  'q1w2e3r4t5y6',
  '1q2w3e4r5t6y',
  'abc123abc123',
  'welcome12345',
  'correcthorsebatterystaple',
])

/**
 * Decides whether a new password may be used: long enough, not a well-known one, not the username. No demands on kinds
 * of characters (NIST SP 800-63B §5.1.1.2).
 */
export function judgePassword(
  password: string,
  username: string,
): 'fine' | Refusal<'password_short' | 'password_long' | 'password_known'> {
  const length = [...password].length
  if (length < minPasswordLength)
    return refuse('password_short', `Use at least ${minPasswordLength} characters. A few words in a row are good.`)
  if (Buffer.byteLength(password) > maxPasswordBytes)
    return refuse('password_long', `Use at most ${maxPasswordBytes} bytes.`)
  const lower = password.toLowerCase()
  const known = wellKnown.has(lower) || lower.replaceAll(username, '').length < 4 || /^(.)\1*$/u.test(lower)
  return known ? refuse('password_known', 'This password is easy to guess. Choose another one.') : 'fine'
}

function refuse<R extends 'password_short' | 'password_long' | 'password_known'>(refused: R, hint: string): Refusal<R> {
  return { refused, rule: 'NIST SP 800-63B §5.1.1.2', hint }
}
