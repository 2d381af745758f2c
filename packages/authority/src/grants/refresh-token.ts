import { parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { PeekedWith } from '@sallyport/store'
import { isConfidential } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import type { Grant, GrantRequest } from '../granted.ts'
import type { Plan, RefreshPlan } from '../issue.ts'
import type { PresentedRefresh } from '../refresh-rotation.ts'
import type { RefreshToken } from '../refresh-token.ts'
import { boundKey } from '../rules/bound-key.ts'
import { endReplayed, refreshReuse } from '../rules/refresh-reuse.ts'
import { senderConstraint } from '../rules/sender-constraint.ts'
import { judgeSubject, type LiveSubject, type SubjectAlong, subjectReferences } from '../rules/subject-alive.ts'
import { type TokenTarget, tokenTarget } from '../rules/token-target.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import type { TokenFamily } from '../token-family.ts'

const nobodysHash = 'A'.repeat(43)

/**
 * The refresh token grant (OAuth 2.1 §4.3). A token that was rotated already is judged by `refreshReuse` last, so that only
 * a request which is right in every other way can end the family; but one shown without the key it is bound to ends it.
 */
export const refreshToken: Grant = async (asked, context) => {
  const { request, client, proof } = asked
  const token = request.parameters.get('refresh_token')
  if (token === undefined) return tokenMissing()
  const presented = await present(token, context)
  if (presented === undefined) return unusable('refresh_unknown', 'a refresh token of ours', 'another')
  const family = presented.family?.record.value
  const refused = judgeFamily(family, asked, context)
  if (refused !== undefined) return refused
  if (family === undefined) return unusable('family_unknown', 'a token family', 'none')
  const foreignKey = boundKey(family.jkt, proof?.jkt)
  // Whoever shows a used token without its key has copied it, whatever else is wrong with the request.
  if (foreignKey !== undefined)
    return presented.stored.usedAt === undefined ? foreignKey : endReplayed(presented, family, asked, context)
  const { account, grant } = presented.family?.along ?? {}
  const subject = judgeSubject(family, account?.record, grant?.record)
  if (isTokenError(subject)) return subject
  const asksFor = { resources: request.resources, scope: request.parameters.get('scope') }
  const target = await tokenTarget(client, family, asksFor, context)
  if (isTokenError(target)) return target
  const unbound = senderConstraint(client, target.resource, target.scope, proof?.jkt)
  if (unbound !== undefined) return unbound
  const refresh = await refreshPlan(presented, family, asked, context)
  return isTokenError(refresh) ? refresh : planOf({ family, refresh, target, subject }, asked)
}

/** All that a refresh looks at is read at once, so that it is what was true at one moment. */
const references = { family: { kind: 'family', path: ['family'], along: subjectReferences } } as const

type ReadFamily = PeekedWith<TokenFamily, SubjectAlong>

interface Presented extends PresentedRefresh {
  readonly family: ReadFamily | undefined
}

async function present(token: string, { store }: AuthorityContext): Promise<Presented | undefined> {
  const shown = parseOpaqueToken(token, 'rt')
  const read =
    shown &&
    (await store.peekWith<PeekedWith<RefreshToken, { readonly family: ReadFamily | undefined }>>(
      'refresh',
      shown.selector,
      references,
    ))
  const same = sameSecret(read?.record.value.secret_hash ?? nobodysHash, shown?.secretHash ?? '')
  return shown && read && same ? { token, stored: read.record, family: read.along.family } : undefined
}

function judgeFamily(
  family: TokenFamily | undefined,
  { client }: GrantRequest,
  context: AuthorityContext,
): TokenError | undefined {
  if (family === undefined || family.client_id !== client.client_id)
    return unusable('refresh_of_other_client', family?.client_id ?? 'a client', client.client_id)
  if (family.revoked_at !== undefined)
    return unusable('family_revoked', 'a live family', `revoked at ${family.revoked_at}`)
  if (family.expires_at <= context.now())
    return unusable('refresh_expired', 'a live family', `over since ${family.expires_at}`)
  return undefined
}

async function refreshPlan(
  presented: PresentedRefresh,
  family: TokenFamily,
  asked: GrantRequest,
  context: AuthorityContext,
): Promise<RefreshPlan | TokenError> {
  if (presented.stored.usedAt !== undefined) return refreshReuse(presented, family, asked, context)
  const { client } = asked
  // Without rotation a token is only as safe as what it is bound to: a client's credential, or a key (OAuth 2.1 §4.3.1).
  const stays = !client.refresh_token_rotation && (isConfidential(client) || family.jkt !== undefined)
  return stays ? { kind: 'none' } : { kind: 'next', presented }
}

interface JudgedRefresh {
  readonly family: TokenFamily
  readonly refresh: RefreshPlan
  readonly target: TokenTarget
  readonly subject: LiveSubject
}

function planOf({ family, refresh, target, subject }: JudgedRefresh, { client, proof }: GrantRequest): Plan {
  const { account, grant } = subject
  const authentication = { auth_time: family.auth_time ?? 0, acr: family.acr ?? '', amr: family.amr ?? [] }
  return {
    client,
    grant,
    family,
    beginsFamily: false,
    refresh,
    use: refresh.kind === 'next' ? { kind: 'refresh', key: refresh.presented.stored.key } : undefined,
    access: {
      subject: family.subject,
      client_id: client.client_id,
      family: family.id,
      target,
      jkt: proof?.jkt,
      account,
      authentication,
    },
    idToken: target.scope.includes('openid')
      ? {
          client,
          account,
          session: family.session,
          nonce: undefined,
          authentication,
          claims: family.claims?.id_token ?? [],
        }
      : undefined,
  }
}

/** One text for unknown, foreign, expired and revoked tokens (STANDARDS S32). */
const unusable = (reason: string, expected: string, got: string): TokenError => ({
  error: 'invalid_grant',
  reason,
  rule: 'OAuth 2.1 §4.3',
  expected,
  got,
  hint: 'The refresh token is unknown, expired, revoked or of another client. Start the authorization again.',
})

const tokenMissing = (): TokenError => ({
  error: 'invalid_request',
  reason: 'refresh_token_missing',
  rule: 'OAuth 2.1 §4.3',
  expected: 'refresh_token',
  got: 'none',
  hint: 'Send the refresh_token.',
})
