import { createHmac, hash } from 'node:crypto'
import { sameSecret } from '@sallyport/credentials'

/**
 * What ties pages to the browser they were shown in: a random secret in a cookie, before and beside any session. An
 * interaction begun in one browser cannot be finished in another (login CSRF, RFC 9700 §4.7), and every form carries a
 * token that only this browser's pages can know.
 */
export interface BrowserBinding {
  /** The cookie's value. */
  readonly secret: string
  /** What records keep of it. */
  readonly hash: string
  /** Whether the answer must set the cookie. */
  readonly fresh: boolean
}

const cookieForm = /^[A-Za-z0-9_-]{43}$/

/** The binding of a cookie's value, or a new one where the cookie is missing or not ours. */
export function browserBinding(cookie: string | undefined, random: (bytes: number) => Uint8Array): BrowserBinding {
  const known = cookie !== undefined && cookieForm.test(cookie)
  const secret = known ? cookie : Buffer.from(random(32)).toString('base64url')
  return { secret, hash: hash('sha256', `browser ${secret}`, 'base64url'), fresh: !known }
}

/** The token of this browser's forms while this session (or none) is in force: it changes with every sign-in. */
export function formToken(binding: BrowserBinding, session: string | undefined): string {
  return createHmac('sha256', binding.secret)
    .update(`form ${session ?? 'none'}`)
    .digest('base64url')
}

export function isFormToken(sent: string | undefined, binding: BrowserBinding, session: string | undefined): boolean {
  return sent !== undefined && !binding.fresh && sameSecret(sent, formToken(binding, session))
}
