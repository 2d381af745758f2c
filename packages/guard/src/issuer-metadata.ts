import type { GuardFetch } from './guard-context.ts'

/** What the guard needs to know of an issuer (RFC 8414 §2, OpenID Connect Discovery §3). */
export interface IssuerMetadata {
  readonly issuer: string
  readonly jwks_uri: string | undefined
  readonly introspection_endpoint: string | undefined
  readonly token_endpoint: string | undefined
}

/**
 * Reads an issuer's own document at any of the well-known places. A document whose `issuer` is not the one asked for,
 * byte for byte, is refused (RFC 8414 §3.3).
 *
 * @throws Error saying which addresses were tried and what came
 */
export async function readIssuerMetadata(issuer: string, fetch: GuardFetch): Promise<IssuerMetadata> {
  const failures: string[] = []
  for (const url of wellKnownAddresses(issuer)) {
    const response = await fetch(url, { headers: { accept: 'application/json' } }).catch(
      (error: unknown) => `${error instanceof Error ? error.message : 'no answer'}`,
    )
    if (typeof response === 'string') {
      failures.push(`${url}: ${response}`)
      continue
    }
    const text = await response.text()
    if (response.status !== 200) {
      failures.push(`${url}: status ${response.status}`)
      continue
    }
    return issuerMetadataOf(text, issuer)
  }
  throw new Error(`no metadata of ${issuer} (${failures.join('; ')})`)
}

/** The three shapes: RFC 8414 §3.1 for both suffixes, and OpenID Connect Discovery §4 after the path. */
export function wellKnownAddresses(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ]
}

function issuerMetadataOf(text: string, issuer: string): IssuerMetadata {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new Error(`the metadata of ${issuer} is no object`)
  const members = document as Readonly<Record<string, unknown>>
  if (members.issuer !== issuer) {
    throw new Error(`the metadata of ${issuer} names another issuer: ${String(members.issuer).slice(0, 200)}`)
  }
  const url = (name: string): string | undefined => {
    const value = members[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    issuer,
    jwks_uri: url('jwks_uri'),
    introspection_endpoint: url('introspection_endpoint'),
    token_endpoint: url('token_endpoint'),
  }
}
