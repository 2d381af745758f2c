import type { DpopProof } from '@sallyport/credentials'
import type { AuditRecord, Write } from '@sallyport/store'
import type { Client, GrantType } from './client.ts'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorityContext } from './context.ts'
import { dpopProof } from './dpop-proof.ts'
import { type BehindCode, behindCode, endedMeanwhile } from './ended-meanwhile.ts'
import { noteGrantUse } from './grant-use.ts'
import type { Grant, GrantRequest } from './granted.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import { refreshToken } from './grants/refresh-token.ts'
import { tokenExchange } from './grants/token-exchange.ts'
import { issue, type Plan, type TokenBody } from './issue.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import { grantOnRecord, recordRefusal } from './token-records.ts'
import type { TokenRequest } from './token-request.ts'

export interface TokenAnswer {
  readonly body: TokenBody
  /** The nonce for the client's next proof, where it needs one (RFC 9449 §8.2). */
  readonly nonce: string | undefined
}

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

const grants: Readonly<Record<Exclude<GrantType, typeof exchange>, Grant>> = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
}

export const grantTypes: readonly GrantType[] = ['authorization_code', 'refresh_token', 'client_credentials', exchange]

/**
 * The token endpoint (OAuth 2.1 §3.2). One line down: who asks, with which key, what the grant's rules say, tokens made
 * and signed, and only then the one-time credential taken, with its successors, in one commit. Everything that can fail
 * comes before that commit; what is left after it is to end a family whose user left in between, and a note that may fail.
 *
 * Every refusal is in the log with rule, expected and got; the record of a grant is in the audit trail by the same commit.
 */
export async function token(request: TokenRequest, world: AuthorityContext): Promise<TokenAnswer | TokenError> {
  const context = atOneMoment(world)
  const client = await authenticateClient(request, context)
  const answer = isTokenError(client) ? client : await tokenFor(client, request, context)
  if (isTokenError(answer)) recordRefusal('token', answer, request, context)
  return answer
}

/**
 * The request's own second. What it issues says so in `iat`, so that the end of a client covers tokens of a request that
 * still saw it enabled, however long that request takes.
 */
function atOneMoment(world: AuthorityContext): AuthorityContext {
  const { tenant, issuer, settings, store, keys, dpopNonces, sign, nowMs, random, passwords, audit, log } = world
  const now = world.now()
  // Named one by one: a spread of an object with a getter takes 5 µs.
  return {
    tenant,
    issuer,
    settings,
    store,
    keys,
    dpopNonces,
    sign,
    now: () => now,
    nowMs,
    random,
    passwords,
    audit,
    log,
  }
}

async function tokenFor(
  client: Client,
  request: TokenRequest,
  context: AuthorityContext,
): Promise<TokenAnswer | TokenError> {
  const grantType = request.parameters.get('grant_type')
  const known = grantTypes.find(type => type === grantType)
  if (known === undefined) return grantType === undefined ? grantMissing() : grantUnknown(grantType)
  if (!client.grant_types.includes(known)) return grantNotAllowed(client, known)
  const proof = await dpopProof(request, client, context)
  if (proof !== undefined && isTokenError(proof)) return proof
  const asked: GrantRequest = { request, client, proof }
  const body = known === exchange ? await exchanged(asked, context) : await granted(known, asked, context)
  return isTokenError(body) ? body : { body, nonce: nextNonce(client, proof, context) }
}

/** An exchange uses nothing up and stores nothing but its record. */
async function exchanged(asked: GrantRequest, context: AuthorityContext): Promise<TokenBody | TokenError> {
  const given = await tokenExchange(asked, context)
  if (isTokenError(given)) return given
  await context.audit(grantOnRecord(exchange, given.claims, asked.request, context))
  return given.body
}

/** Judged twice at most: who lost a race finds the credential used, and the grant's rules say what that means. */
async function granted(
  grantType: keyof typeof grants,
  asked: GrantRequest,
  context: AuthorityContext,
): Promise<TokenBody | TokenError> {
  for (let round = 0; round < 2; round++) {
    const plan = await grants[grantType](asked, context)
    if (isTokenError(plan)) return plan
    const { body, access, writes } = await issue(plan, context)
    const audit = grantOnRecord(grantType, access.claims, asked.request, context)
    const used = await commit(plan, writes, audit, context)
    if (used === 'lost') continue
    const ended = used && plan.family && (await endedMeanwhile(plan.family, used, asked.request.requestId, context))
    if (ended !== undefined) return ended
    // The credential is used up: a note that cannot be written must not cost what it gave.
    await noteGrantUse(plan.grant, context).catch((cause: unknown) => context.log.warn('grant_use_unnoted', { cause }))
    return body
  }
  return lostTwice()
}

/**
 * Uses the credential up, where the grant has one.
 *
 * @returns who stood behind a code after that; whoever is not shown is gone
 */
async function commit(
  { use, beginsFamily }: Plan,
  put: readonly Write[],
  audit: AuditRecord,
  context: AuthorityContext,
): Promise<Partial<BehindCode> | undefined | 'lost'> {
  if (use === undefined) {
    await context.store.commit(put, { audit })
    return undefined
  }
  const along = beginsFamily ? behindCode : undefined
  const taken = await context.store.take(use.kind, use.key, { put, audit, along })
  if (!('won' in taken)) return 'lost'
  return beginsFamily ? ((taken.along ?? {}) as Partial<BehindCode>) : undefined
}

const nextNonce = (client: Client, proof: DpopProof | undefined, context: AuthorityContext): string | undefined =>
  proof !== undefined && client.require_dpop_nonce ? context.dpopNonces.issue(context.now()) : undefined

const grantMissing = (): TokenError => ({
  error: 'invalid_request',
  reason: 'grant_type_missing',
  rule: 'OAuth 2.1 §3.2.2',
  expected: grantTypes.join(', '),
  got: 'none',
  hint: 'Send the grant_type.',
})

const grantUnknown = (grantType: string): TokenError => ({
  error: 'unsupported_grant_type',
  reason: 'grant_type_unknown',
  rule: 'OAuth 2.1 §3.2.4',
  expected: grantTypes.join(', '),
  got: grantType.slice(0, 128),
  hint: `The grant types are ${grantTypes.join(', ')}.`,
})

const grantNotAllowed = (client: Client, grantType: GrantType): TokenError => ({
  error: 'unauthorized_client',
  reason: 'grant_type_not_allowed',
  rule: 'OAuth 2.1 §3.2.4',
  expected: client.grant_types.join(', ') || 'none',
  got: grantType,
  hint: `This client may not use the grant type ${grantType}; an administrator lists it for the client.`,
})

/** The credential expired between the two rounds. */
const lostTwice = (): TokenError => ({
  error: 'invalid_grant',
  reason: 'credential_gone',
  rule: 'OAuth 2.1 §3.2.4',
  expected: 'a credential that is still there',
  got: 'one that expired meanwhile',
  hint: 'Start the authorization again.',
})
