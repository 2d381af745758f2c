import type { AccessTokenClaims, RevocationEntry } from '@sallyport/credentials'
import type { MaybePromise, PeekedWith, References, Stored, TenantStore, Write } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'

/** The stream that the feed reads. */
export const revocationStream = 'revocation'

const revocationKey = (kind: RevocationEntry['kind'], id: string): string => `${kind} ${id}`

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
  const ends = (stored: StoredRevocation) => stored !== undefined && isEndOf(iat, stored.value)
  return reads.some(each => each instanceof Promise)
    ? Promise.all(reads).then(all => all.some(ends))
    : reads.some(each => ends(each as StoredRevocation))
}

/** What may have revoked an opaque token, as its record names it: itself, its family, its client. */
export const revocationReferences = {
  token: { kind: 'revocation', path: ['claims', 'jti'], prefix: revocationKey('token', '') },
  family: { kind: 'revocation', path: ['claims', 'family'], prefix: revocationKey('family', '') },
  client: { kind: 'revocation', path: ['claims', 'client_id'], prefix: revocationKey('client', '') },
} as const satisfies References

export type RevocationAlong = {
  readonly [K in keyof typeof revocationReferences]: PeekedWith<RevocationEntry> | undefined
}

/** The same as `isRevoked`, of what was read along with an opaque token. */
export const wasRevoked = (
  { iat }: Pick<AccessTokenClaims, 'iat'>,
  { token, family, client }: RevocationAlong,
): boolean => [token, family, client].some(read => read !== undefined && isEndOf(iat, read.record.value))

const isEndOf = (iat: number, entry: RevocationEntry): boolean => entry.kind === 'token' || iat <= entry.before

type StoredRevocation = Stored<RevocationEntry> | undefined

const read = (store: TenantStore, kind: RevocationEntry['kind'], id: string): MaybePromise<StoredRevocation> =>
  store.peek<RevocationEntry>('revocation', revocationKey(kind, id))
