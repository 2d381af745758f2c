import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readIssuerMetadata, wellKnownAddresses } from './issuer-metadata.ts'

const issuer = 'https://issuer.test/tenant'

function serving(documents: Readonly<Record<string, object>>) {
  return async (url: string) => {
    const document = documents[url]
    return document === undefined ? new Response('', { status: 404 }) : Response.json(document)
  }
}

test('S56 an issuer with a path is looked for at all three places (RFC 8414 §3.1, OpenID Connect Discovery §4)', () => {
  assert.deepEqual(wellKnownAddresses(issuer), [
    'https://issuer.test/.well-known/oauth-authorization-server/tenant',
    'https://issuer.test/.well-known/openid-configuration/tenant',
    'https://issuer.test/tenant/.well-known/openid-configuration',
  ])
  assert.equal(wellKnownAddresses('https://issuer.test').length, 2)
})

test('S56 the document is read wherever it is', async () => {
  for (const url of wellKnownAddresses(issuer)) {
    const metadata = await readIssuerMetadata(issuer, serving({ [url]: { issuer, jwks_uri: `${issuer}/jwks` } }))
    assert.equal(metadata.jwks_uri, `${issuer}/jwks`)
  }
})

test('a document that names another issuer, be it by a slash, is refused (RFC 8414 §3.3)', async () => {
  const [url = ''] = wellKnownAddresses(issuer)
  await assert.rejects(readIssuerMetadata(issuer, serving({ [url]: { issuer: `${issuer}/` } })), /another issuer/)
})

test('where there is none, every address and what came is named', async () => {
  const failing = async (url: string) => {
    if (url.includes('openid')) throw new Error('ECONNREFUSED')
    return new Response('', { status: 500 })
  }
  await assert.rejects(
    readIssuerMetadata(issuer, failing),
    /oauth-authorization-server\/tenant: status 500.*ECONNREFUSED/,
  )
})
