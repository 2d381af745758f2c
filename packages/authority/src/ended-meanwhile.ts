import type { PeekedWith } from '@sallyport/store'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { revokeFamilies } from './revoke.ts'
import { judgeSession, sessionReference } from './rules/session-alive.ts'
import { judgeSubject, type SubjectAlong, subjectReferences } from './rules/subject-alive.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import type { TokenFamily } from './token-family.ts'

/** Who stands behind a code, as its judgement looks at them: all at once, so that it is what was true at one moment. */
export const codeReferences = { ...subjectReferences, end: sessionReference } as const

export type CodeAlong = SubjectAlong & { readonly end: PeekedWith | undefined }

/** The same, as the taking looks at them after its commit. */
export const behindCode = { ...codeReferences, client: { kind: 'client', path: ['client_id'] } } as const

export type BehindCode = CodeAlong & { readonly client: PeekedWith<Client> | undefined }

/**
 * A sign-out, a removed grant, a disabled account or client that came between a code's judgement and its commit ended every
 * family but this one, which was not there yet. It ends here, before its tokens are given to anybody. The client is among
 * those looked at: another process may have disabled it while this one remembered it, and it may come back.
 *
 * @param behind  as they were after the commit
 */
export async function endedMeanwhile(
  family: TokenFamily,
  behind: Partial<BehindCode>,
  requestId: string,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  const subject = judgeSubject(family, behind.account?.record, behind.grant?.record)
  const client = behind.client?.record.value
  const isGone = client === undefined || client.disabled
  const ended = isTokenError(subject)
    ? subject
    : (judgeSession(behind.end?.record) ?? (isGone ? clientGone(family.client_id) : undefined))
  if (ended === undefined) return undefined
  const cause = { actor: 'system', reason: ended.reason, request_id: requestId }
  await revokeFamilies(context, { family: family.id }, cause)
  return ended
}

const clientGone = (got: string): TokenError => ({
  error: 'invalid_grant',
  reason: 'client_disabled',
  rule: 'OAuth 2.1 §3.2.4',
  expected: 'an enabled client',
  got,
  hint: 'The application was switched off meanwhile.',
})
