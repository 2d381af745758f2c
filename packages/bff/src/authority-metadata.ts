/** The part of RFC 8414 §2 and OpenID Connect Discovery §3 that a browser back end needs. */
export interface AuthorityMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly revocation_endpoint: string
  readonly end_session_endpoint: string
  readonly jwks_uri: string
}

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'jwks_uri',
] as const

/**
 * Reads the authority's metadata document.
 *
 * @throws Error when the document is of another issuer or lacks an endpoint (RFC 8414 §3.3): nothing is guessed.
 */
export function readAuthorityMetadata(document: unknown, issuer: string): AuthorityMetadata {
  if (typeof document !== 'object' || document === null)
    throw new Error(`${issuer} answered metadata that is not an object`)
  const fields = document as Readonly<Record<string, unknown>>
  if (fields.issuer !== issuer)
    throw new Error(`metadata names the issuer ${String(fields.issuer)}, expected ${issuer}`)
  const found = Object.fromEntries(endpoints.map(name => [name, endpointOf(fields, name)])) as Record<
    (typeof endpoints)[number],
    string
  >
  return { issuer, ...found }
}

function endpointOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || !URL.canParse(value)) throw new Error(`metadata has no ${name}`)
  return value
}
