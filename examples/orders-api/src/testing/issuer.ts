import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** The claims a test changes; the rest is a good access token of Alice's. */
export type TokenClaims = Readonly<Record<string, unknown>>

/** An issuer with real keys that anybody could run: metadata, JWKS and RFC 9068 tokens, made with jose alone. */
export async function startIssuer(resource: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
  const proofKey = await generateKeyPair('ES256')
  const proofJwk = await exportJWK(proofKey.publicKey)
  let issuer = ''
  const server = createServer((request, response) => {
    const metadata = request.url?.startsWith('/.well-known/')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(metadata ? { issuer, jwks_uri: `${issuer}/jwks` } : jwks))
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const token = (claims: TokenClaims = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const usual = {
      iss: issuer,
      sub: 'user_alice',
      aud: resource,
      client_id: 'shop',
      iat: now,
      exp: now + 300,
      jti: randomUUID(),
    }
    return new SignJWT({ ...usual, scope: 'read:orders write:orders refund:orders', ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
      .sign(privateKey)
  }
  return {
    issuer,
    /** Headers of a request with a bearer token. */
    async bearer(claims: TokenClaims = {}) {
      return { authorization: `Bearer ${await token(claims)}` }
    },
    /** Headers of one request with a token bound to a key, and its proof (RFC 9449 §4.2). */
    async dpop(method: string, url: string, claims: TokenClaims = {}) {
      const bound = await token({ ...claims, cnf: { jkt: thumbprint(proofJwk) } })
      const ath = createHash('sha256').update(bound).digest('base64url')
      const proof = await new SignJWT({ htm: method, htu: url, jti: randomUUID(), ath })
        .setIssuedAt()
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: { ...proofJwk } })
        .sign(proofKey.privateKey)
      return { authorization: `DPoP ${bound}`, dpop: proof }
    },
    close: () => server.close(),
  }
}

/** RFC 7638 §3.2 for an EC key. */
function thumbprint({ crv, kty, x, y }: { crv?: string; kty?: string; x?: string; y?: string }): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}
