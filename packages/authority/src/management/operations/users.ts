import { isRefusal } from '@sallyport/credentials'
import type { Account } from '../../account.ts'
import {
  type AccountRefusal,
  changeAccount,
  createAccount,
  findAccount,
  findAccountByUsername,
  removeAccount,
  setDisabled,
  setPassword,
} from '../../accounts.ts'
import { createSetUpLink } from '../../set-up-link.ts'
import { auditAct } from '../audit-act.ts'
import {
  type ManagementAnswer,
  type ManagementContext,
  type ManagementRequest,
  type Operation,
  operation,
} from '../operation.ts'
import { listPage, pageOf, pageQuery } from '../page.ts'
import { invalidBody, notFound, type Problem, problem } from '../problem.ts'
import type { Schema, ValueOf } from '../schema.ts'

const tag = 'users'

const userMembers = {
  name: { type: 'string', minLength: 1, maxLength: 200 },
  email: { type: 'string', maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$', title: 'an e-mail address' },
  email_verified: { type: 'boolean', default: false },
  roles: {
    type: 'array',
    items: { type: 'string', pattern: '^[a-z0-9][a-z0-9_.:-]{0,63}$', title: 'a lower-case word' },
    maxItems: 50,
    uniqueItems: true,
  },
} as const satisfies Readonly<Record<string, Schema>>

const username = { type: 'string', minLength: 1, maxLength: 64 } as const
const password = {
  type: 'string',
  minLength: 1,
  maxLength: 1024,
  description: 'Left out: the answer has a set-up link',
} as const

const shownUser = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    username,
    ...userMembers,
    has_password: { type: 'boolean' },
    disabled: { type: 'boolean' },
    created_at: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    set_up_url: { type: 'string', description: 'Where the person chooses a password or passkey; once, one day' },
  },
  required: ['id', 'username'],
  additionalProperties: false,
} as const

const newUser = {
  type: 'object',
  properties: { username, ...userMembers, password },
  required: ['username'],
  additionalProperties: false,
} as const

const userChange = {
  type: 'object',
  properties: { ...userMembers, password, disabled: { type: 'boolean' } },
  additionalProperties: false,
} as const

export const userOperations: readonly Operation[] = [
  operation(
    {
      id: 'listUsers',
      method: 'GET',
      path: '/users',
      tag,
      scope: 'manage:users:read',
      summary: 'Lists the users in the order of their creation, or the one with a username',
      query: { ...pageQuery, username },
      success: { status: 200, description: 'A page of users', schema: pageOf(shownUser) },
    },
    async (request, context) => {
      const named = request.query.username
      if (named === undefined)
        return listPage<Account>(context, 'account', request.query, ({ value }) => showUser(value))
      const account = await findAccountByUsername(context.authority, named)
      return { body: { items: account === undefined ? [] : [showUser(account)] } }
    },
  ),
  operation(
    {
      id: 'addUser',
      method: 'POST',
      path: '/users',
      tag,
      scope: 'manage:users:write',
      summary: 'Adds a user',
      body: newUser,
      refusals: [409],
      success: { status: 201, description: 'The user', schema: shownUser },
    },
    addUser,
  ),
  operation(
    {
      id: 'readUser',
      method: 'GET',
      path: '/users/{id}',
      tag,
      scope: 'manage:users:read',
      summary: 'Shows a user',
      refusals: [404],
      success: { status: 200, description: 'The user', schema: shownUser },
    },
    async ({ params }, { authority }) => {
      const stored = await authority.store.peek<Account>('account', params.id ?? '')
      return stored === undefined
        ? notFound('user', params.id ?? '')
        : { body: showUser(stored.value), version: stored.version }
    },
  ),
  operation(
    {
      id: 'changeUser',
      method: 'PATCH',
      path: '/users/{id}',
      tag,
      scope: 'manage:users:write',
      summary: 'Changes a user; a new password ends all sessions, disabling ends everything',
      body: userChange,
      conditional: true,
      refusals: [404, 409, 412, 428],
      success: { status: 200, description: 'The user as they are now', schema: shownUser },
    },
    changeUser,
  ),
  operation(
    {
      id: 'removeUser',
      method: 'DELETE',
      path: '/users/{id}',
      tag,
      scope: 'manage:users:write',
      summary: 'Removes a user with passkeys, sessions and tokens; done again, it is done',
      success: { status: 204, description: 'They are not there' },
    },
    async (request, context) => {
      const id = request.params.id ?? ''
      const removed = await removeAccount(context.authority, id, request.caller.subject)
      if (removed) await auditAct(context, request, 'user.remove', id)
      return {}
    },
  ),
]

async function addUser(
  request: ManagementRequest<ValueOf<typeof newUser>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const account = await createAccount(context.authority, request.body)
  if (isRefusal(account)) return refused(account)
  await auditAct(context, request, 'user.add', account.id)
  const stored = await context.authority.store.peek<Account>('account', account.id)
  const link = request.body.password === undefined ? await createSetUpLink(context.authority, account.id) : undefined
  const body = { ...showUser(account), ...(link === undefined ? {} : { set_up_url: link.url }) }
  return { body, location: `/manage/users/${account.id}`, version: stored?.version ?? 1 }
}

async function changeUser(
  request: ManagementRequest<ValueOf<typeof userChange>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const { authority } = context
  const id = request.params.id ?? ''
  const before = await authority.store.peek<Account>('account', id)
  if (before === undefined) return notFound('user', id)
  if (request.version !== undefined && request.version !== before.version) {
    return problem(412, 'changed_meanwhile', 'It was changed since it was read.', {
      expected: `"${before.version}"`,
      got: `"${request.version}"`,
    })
  }
  const { password: nextPassword, disabled, ...members } = request.body
  const steps: (() => Promise<Account | AccountRefusal>)[] = []
  if (nextPassword !== undefined) steps.push(() => setPassword(authority, id, nextPassword))
  if (Object.keys(members).length > 0) steps.push(() => changeAccount(authority, id, members))
  if (disabled !== undefined) steps.push(() => setDisabled(authority, id, disabled, request.caller.subject))
  for (const step of steps) {
    const result = await step()
    if (isRefusal(result)) return refused(result)
  }
  if (steps.length > 0) await auditAct(context, request, 'user.change', id)
  const after = await authority.store.peek<Account>('account', id)
  const account = after?.value ?? (await findAccount(authority, id))
  return account === undefined
    ? notFound('user', id)
    : { body: showUser(account), ...(after === undefined ? {} : { version: after.version }) }
}

function refused(refusal: AccountRefusal): Problem {
  const pointer = refusal.refused.startsWith('password') ? '/password' : '/username'
  const { expected = 'another value', got = refusal.refused, hint = '' } = refusal
  switch (refusal.refused) {
    case 'username_taken':
      return problem(409, 'username_taken', 'Another user has this username.', { got })
    case 'conflict':
      return problem(409, 'changed_meanwhile', 'It was changed by somebody else at the same time.', { detail: hint })
    case 'account_unknown':
      return problem(404, 'not_found', 'There is no such user.')
    default:
      return invalidBody([{ pointer, expected, got, hint }])
  }
}

function showUser(account: Account): Readonly<Record<string, unknown>> {
  const { password: phc, sessions_valid_from: _from, ...shown } = account
  return { ...shown, has_password: phc !== undefined }
}
