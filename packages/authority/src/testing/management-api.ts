import type { TestContext } from 'node:test'
import { signAccessToken, signNow } from '@sallyport/credentials'
import { createListener } from '@sallyport/server'
import type { LaggingStore } from '@sallyport/store'
import { registerManagement } from '../management/http/management.ts'
import { localAdministrator } from '../management/local-administrator.ts'
import { type ManageScope, manageResource, manageResourceRecord, manageScopes } from '../management/scopes.ts'
import { type AuthorityHarness, openHarness } from './authority-harness.ts'

export interface ManagementApi {
  readonly harness: AuthorityHarness
  /** Calls as the local administrator, or as the bearer of another token. */
  call(method: string, path: string, sent?: Sent): Promise<Received>
  /** A token of this client with these scopes, as the token endpoint would issue it. */
  token(clientId: string, scopes: readonly ManageScope[], changes?: Readonly<Record<string, unknown>>): Promise<string>
}

export interface Sent {
  readonly body?: object
  readonly raw?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

export const allManageScopes: readonly ManageScope[] = manageScopes.map(([scope]) => scope)

/** The management API on the real listener, over a harness of its own; both end with the test. */
export async function openManagementApi(t: TestContext, lagging?: LaggingStore): Promise<ManagementApi> {
  const harness = await openHarness()
  const { context } = harness
  const resource = manageResourceRecord(context.issuer)
  const cli = {
    ...harness.clients.webApp,
    client_id: localAdministrator,
    scopes: allManageScopes,
    resources: [resource.resource],
  }
  await context.store.commit([
    { put: { kind: 'resource', key: resource.resource, value: resource } },
    { put: { kind: 'client', key: cli.client_id, value: cli } },
  ])
  const listener = createListener({ name: 'authority', origin: context.issuer, port: 0 })
  registerManagement(listener.app, context, lagging)
  await listener.app.ready()
  t.after(async () => {
    await listener.close()
    await harness.close()
  })
  const token = async (clientId: string, scopes: readonly ManageScope[], changes = {}): Promise<string> => {
    const iat = context.now()
    const claims = {
      iss: context.issuer,
      sub: `client_${clientId}`,
      aud: manageResource(context.issuer),
      client_id: clientId,
      jti: `at_${Buffer.from(context.random(9)).toString('base64url')}`,
      iat,
      exp: iat + 300,
      scope: scopes.join(' '),
      family: 'fam_management',
      ...changes,
    }
    return signAccessToken(claims, await context.keys.signing('ES256'), signNow)
  }
  const own = await token(localAdministrator, allManageScopes)
  return {
    harness,
    token,
    call: async (method, path, sent = {}) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const payload = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body))
      const response = await listener.app.inject({
        method: method as 'GET',
        url: `/manage${path}`,
        headers: {
          host: new URL(context.issuer).host,
          ...(sent.token === '' ? {} : { authorization: `Bearer ${sent.token ?? own}` }),
          ...(payload === undefined ? {} : { 'content-type': type }),
          ...sent.headers,
        },
        ...(payload === undefined ? {} : { payload }),
      })
      const { statusCode: status, headers, body: text } = response
      return { status, headers, text, body: text === '' ? {} : JSON.parse(text) }
    },
  }
}
