import { importPublicJwk, type JwkRefusal, type VerifyKey } from './jwk.ts'

/**
 * `importPublicJwk` that remembers the last keys it read, because a client proves itself with the same key again and
 * again. Bounded: the oldest is forgotten when a new one finds no room; a refused key is never kept.
 */
export function rememberKeys(maxKeys = 1000): (jwk: unknown) => VerifyKey | JwkRefusal {
  const remembered = new Map<string, VerifyKey>()
  return jwk => {
    // Read from JSON, a JWK always has its text; the text holds every member, so no other JWK is taken for it.
    const text = JSON.stringify(jwk) ?? ''
    const known = remembered.get(text)
    if (known !== undefined) return known
    const key = importPublicJwk(jwk)
    if ('refused' in key) return key
    const [oldest] = remembered.keys()
    if (remembered.size >= maxKeys && oldest !== undefined) remembered.delete(oldest)
    remembered.set(text, key)
    return key
  }
}
