import { existsSync } from 'node:fs'
import {
  type AuthorityContext,
  type Client,
  localAdministrator,
  manageResourceRecord,
  manageScopes,
} from '@sallyport/authority'
import {
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  isRefusal,
  type PublicJwk,
  type SigningKey,
} from '@sallyport/credentials'
import type { NewRecord, Write } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Home } from './home.ts'
import { readJsonFile, writePrivateFile } from './private-file.ts'

/** The first administrator: whoever may read the data folder (DECISIONS "First administrator"). Its key never leaves it. */
export const administratorId = localAdministrator

/** Homes that share a store have a key each; the one longest not started goes. */
const mostKeys = 16

/**
 * Registers the management API as a resource and the local administrator as its client, and makes its key at the first
 * start. A key file that was taken away is made anew; the old key is then worth nothing.
 *
 * @param shared  whether other homes serve from the same store: each has a key of its own then, and the others' stay
 */
export async function registerAdministrator(context: AuthorityContext, home: Home, shared: boolean): Promise<void> {
  if (!existsSync(home.administratorKey)) {
    writePrivateFile(home.administratorKey, `${JSON.stringify(exportPrivateJwk(generateSigningKey('ES256')))}\n`)
  }
  const { publicJwk } = administratorKey(home)
  const resource = manageResourceRecord(context.issuer)
  for (;;) {
    const known = shared ? await context.store.peek<Client>('client', administratorId) : undefined
    const others = (known?.value.jwks?.keys ?? []).filter(({ kid }) => kid !== publicJwk.kid)
    const value = administratorClient(context, resource.resource, [...others, publicJwk].slice(-mostKeys))
    const record = { kind: 'client', key: administratorId, value }
    const committed = await context.store.commit([
      { put: { kind: 'resource', key: resource.resource, value: resource } },
      writeOf(record, shared, known?.version),
    ])
    if ('committed' in committed) return
  }
}

/** In a shared store two homes may start at once: the slower one looks again. */
function writeOf(put: NewRecord, shared: boolean, version: number | undefined): Write {
  if (!shared) return { put }
  return version === undefined ? { insert: put } : { replace: put, version }
}

function administratorClient(context: AuthorityContext, resource: string, keys: readonly PublicJwk[]): Client {
  return {
    client_id: administratorId,
    client_name: 'Local administrator',
    application_type: 'native',
    token_endpoint_auth_method: 'private_key_jwt',
    secrets: [],
    jwks: { keys },
    grant_types: ['client_credentials'],
    redirect_uris: [],
    post_logout_redirect_uris: [],
    scopes: manageScopes.map(([scope]) => scope),
    resources: [resource],
    dpop_bound_access_tokens: false,
    require_dpop_nonce: false,
    refresh_token_rotation: true,
    consent: 'implied',
    disabled: false,
    created_at: context.now(),
  }
}

/** The local administrator's key. @throws CommandFailure when the folder has none that can be used */
export function administratorKey(home: Home): SigningKey {
  const key = importPrivateJwk(readJsonFile(home.administratorKey), 'ES256')
  if (!isRefusal(key)) return key
  throw new CommandFailure({
    failed: 'config',
    code: 'administrator_key_missing',
    message: `There is no administrator's key in ${home.folder}.`,
    expected: home.administratorKey,
    hint: 'Run this where Sallyport was started, or name its data folder with --home.',
  })
}
