import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as openid from 'openid-client'
import type { Client } from '../packages/authority/src/client.ts'
import type { Resource } from '../packages/authority/src/resource.ts'
import { signingKey } from './signing-key.ts'
import type { RunningSystem } from './system.ts'

/** What a registration says; the rest has the management API's defaults. */
export type Registration = Partial<Omit<Client, 'jwks' | 'secrets'>> & {
  readonly client_name: string
  readonly grant_types: Client['grant_types']
  readonly jwks?: { readonly keys: readonly object[] }
}

export interface Registered extends Client {
  readonly client_secret?: string
}

export interface Administrator {
  addClient(registration: Registration): Promise<Registered>
  removeClient(clientId: string): Promise<void>
  /** The first page of a list, such as `/clients`, of the system or of another authority of it. */
  list(path: string, authority?: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  addResource(resource: Partial<Resource> & Pick<Resource, 'resource' | 'name'>): Promise<void>
}

/** The local administrator of a started system: a client of the management API like any other, with the key of its home. */
export async function administratorOf(system: RunningSystem): Promise<Administrator> {
  const key = await signingKey(JSON.parse(readFileSync(join(system.home, 'cli.key.json'), 'utf8')))
  const options = { execute: [openid.allowInsecureRequests] }
  const cli = await openid.discovery(new URL(system.issuer), 'cli', undefined, openid.PrivateKeyJwt(key), options)
  const { access_token } = await openid.clientCredentialsGrant(cli, { resource: `${system.issuer}/manage` })
  const add = async (path: string, body: object) => {
    const response = await fetch(`${system.issuer}/manage${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    assert.equal(response.status, 201, text)
    return JSON.parse(text)
  }
  return {
    removeClient: async clientId => {
      const address = `${system.issuer}/manage/clients/${encodeURIComponent(clientId)}`
      const response = await fetch(address, { method: 'DELETE', headers: { authorization: `Bearer ${access_token}` } })
      assert.equal(response.status, 204, await response.text())
    },
    list: async (path, authority = system.issuer) => {
      const response = await fetch(`${authority}/manage${path}`, {
        headers: { authorization: `Bearer ${access_token}` },
      })
      const text = await response.text()
      assert.equal(response.status, 200, text)
      return JSON.parse(text).items
    },
    addClient: registration => add('/clients', registration),
    addResource: resource => add('/resources', resource),
  }
}
