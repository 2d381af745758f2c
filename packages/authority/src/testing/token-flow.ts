import type { Client } from '../client.ts'
import type { TokenBody } from '../issue.ts'
import { type TokenAnswer, token } from '../token.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import type { AuthorityHarness, MintedCode } from './authority-harness.ts'
import { type RequestChanges, requestOf } from './token-requests.ts'

type Parameters = Readonly<Record<string, string | undefined>>

/** One request to the token endpoint, authenticated as `client`. */
export async function ask(
  harness: AuthorityHarness,
  client: Client,
  parameters: Parameters,
  changes: RequestChanges = {},
): Promise<TokenAnswer | TokenError> {
  return token(await requestOf(harness, client, parameters, changes), harness.context)
}

export const redeem = (
  harness: AuthorityHarness,
  client: Client,
  minted: MintedCode,
  parameters: Parameters = {},
  changes: RequestChanges = {},
): Promise<TokenAnswer | TokenError> =>
  ask(
    harness,
    client,
    { grant_type: 'authorization_code', code: minted.code, code_verifier: minted.verifier, ...parameters },
    changes,
  )

export const refresh = (
  harness: AuthorityHarness,
  client: Client,
  refreshToken: string | undefined,
  parameters: Parameters = {},
  changes: RequestChanges = {},
): Promise<TokenAnswer | TokenError> =>
  ask(harness, client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...parameters }, changes)

/** Tokens of a fresh sign-in of alice at `client`. */
export async function signedIn(
  harness: AuthorityHarness,
  client: Client,
  changes: RequestChanges & { readonly scope?: readonly string[]; readonly granted?: readonly string[] } = {},
): Promise<TokenBody> {
  const { scope, granted, ...sent } = changes
  const minted = await harness.mintCode(client, {
    ...(scope === undefined ? {} : { scope }),
    ...(granted === undefined ? {} : { resources: granted }),
  })
  return given(await redeem(harness, client, minted, {}, sent))
}

/** The tokens of an answer that must have some. */
export function given(answer: TokenAnswer | TokenError): TokenBody {
  if (isTokenError(answer))
    throw new Error(`refused: ${answer.error} ${answer.reason}: ${answer.expected} / ${answer.got}`)
  return answer.body
}

/** `error reason` of an answer that must be a refusal. */
export function refusal(answer: TokenAnswer | TokenError): string {
  if (!isTokenError(answer)) throw new Error('tokens were given')
  return `${answer.error} ${answer.reason}`
}

/** How many rounds a race is run: a few in `npm test`, `SALLYPORT_ROUNDS` in CI. */
export const rounds = Number(process.env.SALLYPORT_ROUNDS ?? 5)
