import type { TestContext } from 'node:test'
import { s256 } from '@sallyport/credentials'
import { createListener } from '@sallyport/server'
import type { FastifyInstance } from 'fastify'
import type { Account } from '../account.ts'
import { createAccount } from '../accounts.ts'
import type { Client } from '../client.ts'
import { registerFrontChannel } from '../http/front-channel.ts'
import type { AuthoritySettings } from '../settings.ts'
import { type AuthorityHarness, harnessIssuer, openHarness } from './authority-harness.ts'
import { TestBrowser } from './test-browser.ts'

export interface FrontHarness extends AuthorityHarness {
  readonly app: FastifyInstance
  /** Bob, who has allowed nothing yet. */
  readonly bob: Account
  browser(): TestBrowser
  /** An authorization request's path, for `client` (default: web-app); `undefined` leaves a parameter out. */
  authorizePath(changes?: Readonly<Record<string, string | undefined>>, client?: Client): string
  putClient(changes: Partial<Client> & { readonly client_id: string }): Promise<Client>
}

export const bobsPassword = 'a long walk by the river'
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

/** The front channel over the real store, reached by Fastify's inject. */
export async function openFront(t: TestContext, settings: Partial<AuthoritySettings> = {}): Promise<FrontHarness> {
  const harness = await openHarness({ settings })
  const { app } = createListener({ name: 'authority', origin: harnessIssuer, port: 0 })
  registerFrontChannel(app, harness.context)
  await app.ready()
  t.after(async () => {
    await app.close()
    await harness.close()
  })
  const bob = await createAccount(harness.context, { username: 'bob', name: 'Bob Baker', password: bobsPassword })
  if ('refused' in bob) throw new Error(bob.refused)
  const { webApp } = harness.clients
  return {
    ...harness,
    app,
    bob,
    browser: () => new TestBrowser(app, harnessIssuer),
    authorizePath: (changes = {}, client = webApp) => `/authorize?${new URLSearchParams(parameters(client, changes))}`,
    putClient: async changes => {
      const client: Client = { ...webApp, ...changes }
      await harness.context.store.commit([{ put: { kind: 'client', key: client.client_id, value: client } }])
      return client
    },
  }
}

/** A complete authorization request with changes. */
export function parameters(
  client: Client,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    scope: 'openid read:orders',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    ...changes,
  }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
