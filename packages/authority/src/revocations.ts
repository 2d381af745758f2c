import type { AccessTokenClaims, RevocationEntry } from '@sallyport/credentials'
import type { Write } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'

/** The stream that the feed reads. */
export const revocationStream = 'revocation'

/**
 * A revocation, told to everybody and kept until no token it names is alive: an entry of the stream, and a record of kind
 * `revocation`, key `<kind> <id>`, so that the authority itself judges without reading the stream.
 */
export function revocationWrites(entry: RevocationEntry): readonly Write[] {
  const expiresAt = Math.ceil(entry.exp)
  return [
    { append: { stream: revocationStream, value: entry, expiresAt } },
    { put: { kind: 'revocation', key: revocationKey(entry.kind, entry.id), value: entry, expiresAt } },
  ]
}

/** Whether a token was revoked: itself, with its family, with its client, or with the key that signed it. */
export async function isRevoked(
  claims: Pick<AccessTokenClaims, 'jti' | 'family' | 'client_id' | 'iat'>,
  kid: string | undefined,
  context: Pick<AuthorityContext, 'store'>,
): Promise<boolean> {
  const names: readonly (readonly [RevocationEntry['kind'], string | undefined])[] = [
    ['token', claims.jti],
    ['family', claims.family],
    ['client', claims.client_id],
    ['key', kid],
  ]
  for (const [kind, id] of names) {
    if (id === undefined) continue
    const stored = await context.store.peek<RevocationEntry>('revocation', revocationKey(kind, id))
    if (stored !== undefined && (kind === 'token' || claims.iat <= stored.value.before)) return true
  }
  return false
}

const revocationKey = (kind: RevocationEntry['kind'], id: string): string => `${kind} ${id}`
