import { accessTokenHash } from '@sallyport/credentials'
import type { RunningSystem } from '../system.ts'
import { type Material, proofFor } from './material.ts'
import type { Fields, Known } from './request-inputs.ts'

/** The authority's protocol endpoints. */
export function protocolAddresses(
  material: Material,
  { issuer, resources }: RunningSystem,
): Readonly<Record<string, Known>> {
  const { tokens, spent, code, verifier, basic, nightly, assertion, idToken, redirectUri } = material
  const client: Fields = {
    client_id: ['spa', 'web-app', 'nightly', 'reporter', 'shop'],
    client_secret: ['sp_cs_wrong'],
    client_assertion: [assertion],
    client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
  }
  const target: Fields = {
    resource: [resources.inside, resources.outside],
    scope: ['read:orders', 'openid read:orders'],
  }
  const proof = proofFor(material, 'POST', `${issuer}/token`, accessTokenHash(tokens.bound))
  const headers: Fields = {
    authorization: [basic, 'Basic Og==', 'Bearer x'],
    dpop: [proof],
    accept: ['application/json'],
  }
  const usualRequest: Fields = {
    response_type: ['code'],
    client_id: ['spa'],
    redirect_uri: [redirectUri],
    ...target,
    state: ['abc'],
    nonce: ['n'],
    code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
    code_challenge_method: ['S256'],
  }
  const authorization: Fields = {
    ...usualRequest,
    prompt: ['none', 'login', 'consent', 'select_account'],
    max_age: ['0', '10', '99999999'],
    acr_values: ['urn:sallyport:acr:passkey'],
    claims: ['{"id_token":{"acr":{"essential":true,"value":"x"}},"userinfo":{"name":null}}'],
    response_mode: ['query', 'form_post'],
    login_hint: ['alice'],
    id_token_hint: [idToken],
    dpop_jkt: ['0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'],
  }
  const grants: readonly Fields[] = [
    {
      grant_type: ['authorization_code'],
      code: [code],
      code_verifier: [verifier],
      redirect_uri: [redirectUri],
      client_id: ['spa'],
    },
    { grant_type: ['refresh_token'], refresh_token: spent },
    { grant_type: ['client_credentials'], scope: ['read:orders'], resource: [resources.inside] },
    {
      grant_type: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      subject_token: spent,
      subject_token_type: ['urn:ietf:params:oauth:token-type:access_token'],
      client_assertion: client.client_assertion ?? [],
      client_assertion_type: client.client_assertion_type ?? [],
    },
  ]
  return {
    '/token': {
      methods: ['POST'],
      body: { forms: [...grants, { ...Object.assign({}, ...grants), ...client }] },
      headers: { ...headers, authorization: ['', basic, nightly, 'Basic Og=='], dpop: ['', '', proof] },
    },
    '/introspect': {
      methods: ['POST'],
      body: { forms: [{ token: spent }, { token: spent, token_type_hint: ['access_token'], ...client }] },
      headers,
    },
    '/revoke': {
      methods: ['POST'],
      body: { forms: [{ token: spent }, { token: spent, token_type_hint: ['refresh_token'], ...client }] },
      headers,
    },
    '/userinfo': {
      headers: {
        authorization: [...[`Bearer ${tokens.inside}`, `Bearer ${idToken}`], `DPoP ${tokens.bound}`],
        dpop: [proof],
      },
      body: { forms: [{ access_token: spent }] },
      query: { access_token: spent },
    },
    '/authorize': {
      query: usualRequest,
      body: { forms: [authorization, usualRequest] },
      headers: { cookie: [material.cookie] },
    },
    '/logout': {
      query: {
        client_id: ['spa'],
        id_token_hint: [idToken],
        post_logout_redirect_uri: ['http://localhost:4600/'],
        state: ['s'],
      },
      body: { forms: [{ client_id: ['spa'], form_token: [material.formToken], confirmed: ['yes', 'no'] }] },
      headers: pageHeaders(material, issuer),
    },
    '/jwks': {},
    '/.well-known/openid-configuration': {},
    '/.well-known/oauth-authorization-server': {},
    '/revocations/keys': {},
    '/revocations': { query: { after: ['abc.1', 'x.99999999999999'] } },
    '/manage/openapi.json': {},
  }
}

const pageHeaders = (material: Material, origin: string): Fields => ({
  cookie: [material.cookie],
  origin: [origin],
  'sec-fetch-site': ['same-origin'],
  accept: ['text/html'],
})
