import { parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { AuthorityContext } from '../../context.ts'
import { presentedAccessToken } from '../../presented-access-token.ts'
import type { RefreshToken } from '../../refresh-token.ts'
import { revokeAccessToken, revokeFamilies } from '../../revoke.ts'
import type { TokenFamily } from '../../token-family.ts'
import { type ManagementContext, type Operation, operation } from '../operation.ts'

const tag = 'tokens'

const sentToken = {
  type: 'object',
  properties: { token: { type: 'string', minLength: 1, maxLength: 16_384, description: 'An access or refresh token' } },
  required: ['token'],
  additionalProperties: false,
} as const

const inspected = {
  type: 'object',
  properties: {
    active: { type: 'boolean' },
    kind: { type: 'string', enum: ['access_token', 'refresh_token', 'unknown'] },
    format: { type: 'string', enum: ['opaque', 'jwt'] },
    reason: { type: 'string', description: 'Why it is not active' },
    claims: { type: 'object', additionalProperties: true },
    family: { type: 'object', additionalProperties: true },
  },
  required: ['active', 'kind'],
  additionalProperties: false,
} as const

const revoked = {
  type: 'object',
  properties: {
    revoked: { type: 'boolean', description: 'False when it was not live any more' },
    kind: { type: 'string', enum: ['access_token', 'refresh_token', 'unknown'] },
    reason: { type: 'string' },
    families: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  },
  required: ['revoked', 'kind'],
  additionalProperties: false,
} as const

export const tokenOperations: readonly Operation[] = [
  operation(
    {
      id: 'inspectToken',
      method: 'POST',
      path: '/tokens/inspect',
      tag,
      scope: 'manage:tokens:read',
      summary: 'Says what a token is, whose, and whether it is live; the token itself is not kept anywhere',
      body: sentToken,
      success: { status: 200, description: 'What it is', schema: inspected },
    },
    async (request, { authority }) => {
      const { token } = request.body
      const refresh = await presentedRefreshToken(token, authority)
      if (refresh !== undefined) return { body: inspectRefresh(refresh, authority.now()) }
      const read = await presentedAccessToken(token, authority)
      if ('dead' in read) return { body: { active: false, kind: 'unknown', reason: read.dead } }
      return { body: { active: true, kind: 'access_token', format: read.format, claims: { ...read.claims } } }
    },
  ),
  operation(
    {
      id: 'revokeToken',
      method: 'POST',
      path: '/tokens/revoke',
      tag,
      scope: 'manage:tokens:write',
      summary: 'Ends an access token everywhere, or with a refresh token its whole family; done again, it is done',
      body: sentToken,
      success: { status: 200, description: 'What ended', schema: revoked },
    },
    async (request, context) => ({
      body: await revoke(request.body.token, context, request.caller.subject, request.requestId),
    }),
  ),
]

async function revoke(
  token: string,
  context: ManagementContext,
  actor: string,
  requestId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { authority } = context
  const cause = { actor, reason: 'revoked_by_administrator', request_id: requestId }
  const refresh = await presentedRefreshToken(token, authority)
  if (refresh !== undefined) {
    const families = await revokeFamilies(authority, { family: refresh.family.id }, cause)
    return { revoked: families > 0, kind: 'refresh_token', families }
  }
  const read = await presentedAccessToken(token, authority)
  if ('dead' in read) return { revoked: false, kind: 'unknown', reason: read.dead }
  await revokeAccessToken(authority, read.claims, cause)
  return { revoked: true, kind: 'access_token', families: 0 }
}

interface PresentedRefresh {
  readonly family: TokenFamily
  readonly live: boolean
  readonly generation: number
}

/** The family of a refresh token of ours, used or not; `undefined` for everything else. */
async function presentedRefreshToken(
  token: string,
  { store }: AuthorityContext,
): Promise<PresentedRefresh | undefined> {
  const shown = parseOpaqueToken(token, 'rt')
  if (shown === undefined) return undefined
  const stored = await store.peek<RefreshToken>('refresh', shown.selector)
  if (stored === undefined || !sameSecret(stored.value.secret_hash, shown.secretHash)) return undefined
  const family = await store.peek<TokenFamily>('family', stored.value.family)
  return family === undefined
    ? undefined
    : { family: family.value, live: stored.usedAt === undefined, generation: stored.value.generation }
}

function inspectRefresh(
  { family, live, generation }: PresentedRefresh,
  now: number,
): Readonly<Record<string, unknown>> {
  const over =
    family.revoked_at !== undefined ? 'revoked' : family.expires_at <= now ? 'expired' : live ? undefined : 'rotated'
  const { id, subject, client_id, scope, resources, created_at, expires_at } = family
  const shown = { id, subject, client_id, scope, resources, created_at, expires_at, generation }
  return {
    active: over === undefined,
    kind: 'refresh_token',
    format: 'opaque',
    family: shown,
    ...(over === undefined ? {} : { reason: over }),
  }
}
