import { hash } from 'node:crypto'
import { findAccountByUsername } from './accounts.ts'
import type { AuthorityContext } from './context.ts'
import { countGuess, forgiveGuesses } from './guesses.ts'
import { listAll, listEvenUsed } from './listed.ts'
import type { SignInRefusal } from './password-sign-in.ts'
import type { Authentication } from './sessions.ts'

const codes = 10
/** Without letters that look like digits. */
const alphabet = '23456789abcdefghjkmnpqrstuvwxyz'
const length = 20

interface RecoveryCode {
  readonly account: string
  /** Unix seconds. */
  readonly created_at: number
}

/**
 * Replaces an account's recovery codes by ten new ones of 99 random bits, kept as hashes.
 *
 * @returns the codes as the person writes them down, shown once: `abcde-fghjk-mnpqr-stuvw`
 */
export async function renewRecoveryCodes(account: string, context: AuthorityContext): Promise<readonly string[]> {
  const old = await listEvenUsed('recovery-code', ['account', account], context)
  const fresh = Array.from({ length: codes }, () => randomCode(context.random))
  const value: RecoveryCode = { account, created_at: context.now() }
  await context.store.commit([
    ...old.map(({ kind, key }) => ({ remove: { kind, key } })),
    ...fresh.map(code => ({
      insert: { kind: 'recovery-code', key: codeKey(account, code), value, index: { account } },
    })),
  ])
  return fresh.map(code => code.replace(/.{5}(?=.)/g, '$&-'))
}

/** How many of an account's recovery codes are left. */
export async function countRecoveryCodes(account: string, context: Pick<AuthorityContext, 'store'>): Promise<number> {
  return (await listAll('recovery-code', ['account', account], context)).length
}

/** Signs in with a recovery code, which is used up. It counts as a password does: something known, written down. */
export async function signInWithRecoveryCode(
  input: { readonly username: string; readonly code: string; readonly address: string; readonly browser: string },
  context: AuthorityContext,
): Promise<Authentication | SignInRefusal> {
  const counted = await countGuess(input, context)
  if (counted !== 'go') return { refused: 'too_many_guesses', waitSeconds: counted.waitSeconds }
  const account = await findAccountByUsername(context, input.username)
  // An unknown user costs the same look-up.
  const taken = await context.store.take('recovery-code', codeKey(account?.id ?? 'nobody', input.code), { put: [] })
  if (account === undefined || account.disabled || !('won' in taken)) return { refused: 'wrong_credentials' }
  await forgiveGuesses(input, context)
  return { account, acr: 'urn:sallyport:acr:password', amr: ['otp'] }
}

function codeKey(account: string, typed: string): string {
  const code = typed.toLowerCase().replace(/[^0-9a-z]/g, '')
  return hash('sha256', `recovery ${account} ${code}`, 'base64url')
}

function randomCode(random: (bytes: number) => Uint8Array): string {
  let code = ''
  while (code.length < length) {
    for (const byte of random(length * 2)) {
      // Bytes from 248 up are thrown away: without them each of the 31 characters is equally likely.
      if (byte < 248 && code.length < length) code += alphabet.charAt(byte % 31)
    }
  }
  return code
}
