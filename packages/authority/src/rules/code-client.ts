import type { AuthorizationCode } from '../authorization-code.ts'
import type { Client } from '../client.ts'
import type { TokenError } from '../token-error.ts'

/** One text for unknown, expired, used and foreign codes: the answer does not say that a code exists. */
export const unusableCodeHint =
  'The code is unknown, expired, used or of another client. Start the authorization again.'

/** The code was issued to this client (OAuth 2.1 §4.1.3; RFC 6749 §4.1.3). */
export function codeOfClient(code: AuthorizationCode, client: Client): TokenError | undefined {
  if (code.client_id === client.client_id) return undefined
  return {
    error: 'invalid_grant',
    reason: 'code_of_other_client',
    rule: 'OAuth 2.1 §4.1.3',
    expected: code.client_id,
    got: client.client_id,
    hint: unusableCodeHint,
  }
}
