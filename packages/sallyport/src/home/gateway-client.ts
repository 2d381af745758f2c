import type { AuthorityContext, Client } from '@sallyport/authority'
import { exportPrivateJwk, generateSigningKey, type PublicJwk, type SigningKey } from '@sallyport/credentials'
import { clientKeyFile, clientKeyMissing, partClientKey } from './client-key.ts'
import type { Home } from './home.ts'
import { writePrivateFile } from './private-file.ts'

/** What the gateway is at the authority, in the demo and outside it. */
export const gatewayClientId = 'gateway'

/** Gateways that share a store have a key each; the one longest not registered goes. */
const mostKeys = 16

/**
 * The gateway's own key where there is no demo: the configured one, or the home's. Beside its authority it is made at the
 * first start and registered; elsewhere it must be there.
 *
 * @param context  of the authority, when this process runs it
 * @throws CommandFailure when there is none, or none that can be used
 */
export async function gatewayKey(
  home: Home,
  configured: string | undefined,
  context: AuthorityContext | undefined,
): Promise<SigningKey> {
  const own = partClientKey(home, gatewayClientId, configured)
  if (context === undefined) {
    if (own === undefined) throw clientKeyMissing(home, gatewayClientId)
    return own
  }
  const key = own ?? generateSigningKey('ES256')
  if (own === undefined) {
    writePrivateFile(clientKeyFile(home, gatewayClientId), `${JSON.stringify(exportPrivateJwk(key))}\n`)
  }
  await register(context, key.publicJwk)
  return key
}

/** In a shared store two homes may start at once: the slower one looks again. */
async function register(context: AuthorityContext, publicJwk: PublicJwk): Promise<void> {
  for (;;) {
    const known = await context.store.peek<Client>('client', gatewayClientId)
    const keys = known?.value.jwks?.keys ?? []
    if (keys.some(({ kid }) => kid === publicJwk.kid)) return
    const record = {
      kind: 'client',
      key: gatewayClientId,
      value: { ...(known?.value ?? gatewayClient(context)), jwks: { keys: [...keys, publicJwk].slice(-mostKeys) } },
    }
    const write = known === undefined ? { insert: record } : { replace: record, version: known.version }
    if ('committed' in (await context.store.commit([write]))) return
  }
}

/** It exchanges tokens and asks about them; nothing is granted to itself. */
function gatewayClient(context: AuthorityContext): Client {
  return {
    client_id: gatewayClientId,
    client_name: 'Gateway',
    application_type: 'web',
    token_endpoint_auth_method: 'private_key_jwt',
    secrets: [],
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'],
    redirect_uris: [],
    post_logout_redirect_uris: [],
    scopes: [],
    resources: [],
    dpop_bound_access_tokens: false,
    require_dpop_nonce: false,
    refresh_token_rotation: true,
    consent: 'implied',
    disabled: false,
    created_at: context.now(),
  }
}
