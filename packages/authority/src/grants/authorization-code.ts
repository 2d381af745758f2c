import { parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { PeekedWith } from '@sallyport/store'
import type { AuthorizationCode } from '../authorization-code.ts'
import type { Client } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import { type CodeAlong, codeReferences } from '../ended-meanwhile.ts'
import type { Grant, GrantRequest } from '../granted.ts'
import type { Plan } from '../issue.ts'
import { revokeFamilies } from '../revoke.ts'
import { boundKey } from '../rules/bound-key.ts'
import { codeOfClient, unusableCodeHint } from '../rules/code-client.ts'
import { codeRedirectUri } from '../rules/code-redirect-uri.ts'
import { codeVerifier } from '../rules/code-verifier.ts'
import { senderConstraint } from '../rules/sender-constraint.ts'
import { judgeSession } from '../rules/session-alive.ts'
import { judgeSubject, type LiveSubject } from '../rules/subject-alive.ts'
import { type TokenTarget, tokenTarget } from '../rules/token-target.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import type { TokenFamily } from '../token-family.ts'

const nobodysHash = 'A'.repeat(43)

/**
 * The authorization code grant (OAuth 2.1 §4.1.3). Everything is judged on what a peek shows; only a request that is right
 * in every other way and finds the code used revokes what the code gave (§7.5.3, STANDARDS S1, S2).
 */
export const authorizationCode: Grant = async (asked, context) => {
  const { request, client, proof } = asked
  const shown = parseOpaqueToken(request.parameters.get('code') ?? '', 'ac')
  if (!request.parameters.has('code')) return codeMissing()
  const read = shown && (await context.store.peekWith<ReadCode>('code', shown.selector, codeReferences))
  const stored = read?.record
  const same = sameSecret(stored?.value.secret_hash ?? nobodysHash, shown?.secretHash ?? '')
  if (shown === undefined || read === undefined || stored === undefined || !same)
    return unusable('code_unknown', 'a code of ours', 'another')
  const code = stored.value
  const refused =
    codeOfClient(code, client) ??
    codeRedirectUri(code, request.parameters.get('redirect_uri')) ??
    codeVerifier(code, request.parameters.get('code_verifier')) ??
    boundKey(code.dpop_jkt, proof?.jkt)
  if (refused !== undefined) return refused
  const target = await tokenTarget(client, code, { resources: request.resources, scope: undefined }, context)
  if (isTokenError(target)) return target
  const unbound = senderConstraint(client, target.resource, target.scope, proof?.jkt)
  if (unbound !== undefined) return unbound
  const subject = judgeSubject(code, read.along.account?.record, read.along.grant?.record)
  if (isTokenError(subject)) return subject
  const signedOut = judgeSession(read.along.end?.record)
  if (signedOut !== undefined) return signedOut
  if (stored.usedAt !== undefined) return replayed(code, stored.usedAt, asked, context)
  return planOf({ code, selector: shown.selector, target, subject }, asked, context)
}

type ReadCode = PeekedWith<AuthorizationCode, CodeAlong>

interface JudgedCode {
  readonly code: AuthorizationCode
  readonly selector: string
  readonly target: TokenTarget
  readonly subject: LiveSubject
}

function planOf(judged: JudgedCode, { client, proof }: GrantRequest, context: AuthorityContext): Plan {
  const { code, selector, target, subject } = judged
  const { account, grant } = subject
  const refreshes = client.grant_types.includes('refresh_token')
  const family = familyOf(code, client, proof?.jkt, refreshes, context)
  const authentication = { auth_time: code.auth_time, acr: code.acr, amr: code.amr }
  return {
    client,
    grant,
    family,
    beginsFamily: true,
    refresh: { kind: refreshes ? 'first' : 'none' },
    use: { kind: 'code', key: selector },
    access: {
      subject: code.subject,
      client_id: client.client_id,
      family: code.family,
      target,
      jkt: proof?.jkt,
      account,
      authentication,
    },
    idToken: code.scope.includes('openid')
      ? {
          client,
          account,
          session: code.session,
          nonce: code.nonce,
          authentication,
          claims: code.claims?.id_token ?? [],
        }
      : undefined,
  }
}

function familyOf(
  code: AuthorizationCode,
  client: Client,
  jkt: string | undefined,
  refreshes: boolean,
  context: AuthorityContext,
): TokenFamily {
  const now = context.now()
  return {
    id: code.family,
    subject: code.subject,
    client_id: client.client_id,
    grant: code.grant,
    session: code.session,
    scope: code.scope,
    resources: code.resources,
    auth_time: code.auth_time,
    acr: code.acr,
    amr: code.amr,
    created_at: now,
    expires_at: now + (refreshes ? context.settings.refreshTokenTtlSeconds : 0),
    // A confidential client's refresh token is bound to its authentication, not to a key (RFC 9449 §5).
    ...(client.token_endpoint_auth_method === 'none' && jkt !== undefined ? { jkt } : {}),
    ...(code.claims === undefined ? {} : { claims: code.claims }),
  }
}

async function replayed(
  code: AuthorizationCode,
  usedAt: number,
  { client, request }: GrantRequest,
  context: AuthorityContext,
): Promise<TokenError> {
  const cause = { actor: client.client_id, reason: 'code_replayed', request_id: request.requestId }
  await revokeFamilies(context, { family: code.family }, cause)
  return unusable('code_replayed', 'a code not used before', `used at ${usedAt}; its tokens are revoked`)
}

const unusable = (reason: string, expected: string, got: string): TokenError => ({
  error: 'invalid_grant',
  reason,
  rule: 'OAuth 2.1 §4.1.3',
  expected,
  got,
  hint: unusableCodeHint,
})

const codeMissing = (): TokenError => ({
  error: 'invalid_request',
  reason: 'code_missing',
  rule: 'OAuth 2.1 §4.1.3',
  expected: 'code',
  got: 'none',
  hint: 'Send the code of the authorization response.',
})
