import type { AccessTokenClaims, RevocationEntry } from '@sallyport/credentials'
import type { MaybePromise, Stored, TenantStore, Write } from '@sallyport/store'
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

/** Whether a token was revoked: itself, with its family, with its client, or with the key that signed it. Asked about at once, in one round trip. */
export function isRevoked(
  claims: Pick<AccessTokenClaims, 'jti' | 'family' | 'client_id' | 'iat'>,
  kid: string | undefined,
  { store }: Pick<AuthorityContext, 'store'>,
): MaybePromise<boolean> {
  const { jti, family, client_id, iat } = claims
  const reads = [read(store, 'token', jti), read(store, 'client', client_id)]
  if (family !== undefined) reads.push(read(store, 'family', family))
  if (kid !== undefined) reads.push(read(store, 'key', kid))
  const ends = (stored: StoredRevocation) =>
    stored !== undefined && (stored.value.kind === 'token' || iat <= stored.value.before)
  return reads.some(each => each instanceof Promise)
    ? Promise.all(reads).then(all => all.some(ends))
    : reads.some(each => ends(each as StoredRevocation))
}

type StoredRevocation = Stored<RevocationEntry> | undefined

const read = (store: TenantStore, kind: RevocationEntry['kind'], id: string): MaybePromise<StoredRevocation> =>
  store.peek<RevocationEntry>('revocation', revocationKey(kind, id))

const revocationKey = (kind: RevocationEntry['kind'], id: string): string => `${kind} ${id}`
