import { signingAlgorithms } from '@sallyport/credentials'
import type { AuthorityContext } from './context.ts'
import { listResources } from './resources.ts'
import { openidScopes } from './rules/scope.ts'
import { grantTypes } from './token.ts'
import { userClaimNames } from './user-claims.ts'

/**
 * What clients need to know, the same in both documents (RFC 8414 §2, OpenID Connect Discovery §3, RFC 9207 §3, RFC 9449
 * §5.1). `issuer` is the one in use, byte for byte (STANDARDS S10, S13, S56).
 */
export async function metadata(context: AuthorityContext): Promise<Readonly<Record<string, unknown>>> {
  const { issuer } = context
  const resources = await listResources(context)
  const scopes = resources.flatMap(resource => resource.scopes.map(({ scope }) => scope))
  const algorithms = [...signingAlgorithms]
  const clientAuthentication = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    revocation_feed_uri: `${issuer}/revocations`,
    revocation_feed_keys_uri: `${issuer}/revocations/keys`,
    scopes_supported: [...new Set([...openidScopes, ...scopes])],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: grantTypes,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...clientAuthentication],
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: clientAuthentication,
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_signing_alg_values_supported: ['ES256'],
    revocation_endpoint_auth_methods_supported: ['none', ...clientAuthentication],
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: algorithms,
    authorization_response_iss_parameter_supported: true,
    protected_resources: resources.map(({ resource }) => resource),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
    acr_values_supported: ['urn:sallyport:acr:password', 'urn:sallyport:acr:passkey'],
    claims_supported: ['sub', 'iss', 'aud', 'auth_time', 'acr', 'amr', 'sid', 'nonce', ...userClaimNames],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    ui_locales_supported: ['en'],
  }
}

/**
 * The addresses where the documents stand: RFC 8414 §3.1 puts the issuer's path behind the well-known part, OpenID Connect
 * Discovery §4 before it; an issuer with a path answers at all three (STANDARDS S56).
 */
export function wellKnownPaths(issuer: string): readonly string[] {
  const path = issuerPath(issuer)
  const names = ['oauth-authorization-server', 'openid-configuration']
  const behind = names.map(name => `/.well-known/${name}${path}`)
  return path === '' ? behind : [...behind, `${path}/.well-known/openid-configuration`]
}

/** The issuer's path, empty for one at the root: what its endpoints' paths begin with. */
export const issuerPath = (issuer: string): string => new URL(issuer).pathname.replace(/\/$/, '')
