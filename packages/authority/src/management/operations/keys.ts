import { keyState } from '@sallyport/credentials'
import { revokeKey } from '../../revoke.ts'
import { auditAct } from '../audit-act.ts'
import { type Operation, operation } from '../operation.ts'
import { showKeys } from '../show-keys.ts'

const tag = 'keys'
const second = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Unix seconds' } as const

const shownKey = {
  type: 'object',
  properties: {
    kid: { type: 'string' },
    alg: { type: 'string' },
    state: { type: 'string', enum: ['announced', 'signing', 'retired', 'removed'] },
    announced_at: second,
    signs_from: second,
    signs_until: second,
    verifies_until: second,
  },
  required: ['kid', 'alg', 'state'],
  additionalProperties: false,
} as const

const shownKeys = {
  type: 'object',
  properties: {
    items: { type: 'array', items: shownKey, maxItems: 50 },
    kid: { type: 'string', description: 'The key that signs now' },
  },
  required: ['items'],
  additionalProperties: false,
} as const

export const keyOperations: readonly Operation[] = [
  operation(
    {
      id: 'listKeys',
      method: 'GET',
      path: '/keys',
      tag,
      scope: 'manage:keys:read',
      summary: 'Lists the signing keys and where each is in its life',
      success: { status: 200, description: 'The keys', schema: shownKeys },
    },
    async (_request, { authority }) => ({ body: { items: showKeys(authority.keys.ring(), authority.now()) } }),
  ),
  operation(
    {
      id: 'rotateKey',
      method: 'POST',
      path: '/keys/rotate',
      tag,
      scope: 'manage:keys:write',
      summary: 'Makes the next key sign now; the former one still verifies until its tokens have expired',
      body: {
        type: 'object',
        properties: { alg: { type: 'string', enum: ['ES256', 'PS256', 'RS256', 'EdDSA'], default: 'ES256' } },
        additionalProperties: false,
      },
      bodyOptional: true,
      success: { status: 200, description: 'The keys as they are now', schema: shownKeys },
    },
    async (request, context) => {
      const { kid } = await context.authority.keys.rotate(request.body?.alg ?? 'ES256')
      await auditAct(context, request, 'key.rotate', kid)
      return { body: { kid, items: showKeys(context.authority.keys.ring(), context.authority.now()) } }
    },
  ),
  operation(
    {
      id: 'retireKey',
      method: 'DELETE',
      path: '/keys/{kid}',
      tag,
      scope: 'manage:keys:write',
      summary: 'Takes a key out at once: whatever it signed is refused everywhere; done again, it is done',
      success: { status: 204, description: 'Nothing that it signed is accepted' },
    },
    async (request, context) => {
      const { authority } = context
      const kid = request.params.kid ?? ''
      const entry = authority.keys.ring().keys.find(each => each.key.kid === kid)
      if (entry === undefined) return {}
      // The next key signs before this one is gone, so that no token request fails between.
      if (keyState(entry, authority.now()) === 'signing') await authority.keys.rotate(entry.key.algorithm)
      await authority.keys.withdraw(kid)
      await revokeKey(authority, kid, {
        actor: request.caller.subject,
        reason: 'key_retired',
        request_id: request.requestId,
      })
      await auditAct(context, request, 'key.retire', kid)
      return {}
    },
  ),
]
