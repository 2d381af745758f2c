import { importPublicJwk, isRefusal, type PublicJwk } from '@sallyport/credentials'

/** A client's key as it is kept: what verifying needs and its labels, nothing else of what was sent; none if it is no key. */
export function publicJwk(sent: Readonly<Record<string, unknown>>): readonly PublicJwk[] {
  const imported = importPublicJwk(sent)
  if (isRefusal(imported)) return []
  const { kty, crv, x, y, n, e } = imported.key.export({ format: 'jwk' })
  const [alg] = imported.algorithms
  const labels = {
    kid: imported.kid,
    use: 'sig',
    ...(sent.alg === undefined || alg === undefined ? {} : { alg }),
  } as const
  if (kty === 'EC' && crv === 'P-256' && x !== undefined && y !== undefined) return [{ kty, crv, x, y, ...labels }]
  if (kty === 'OKP' && crv === 'Ed25519' && x !== undefined) return [{ kty, crv, x, ...labels }]
  if (kty === 'RSA' && n !== undefined && e !== undefined) return [{ kty, n, e, ...labels }]
  return []
}
