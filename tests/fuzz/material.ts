import { generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { Browser } from '../attacks/browser.ts'
import { administratorToken, assertionOf } from '../attacks/doors.ts'
import { authorizationRequest, getCode, getTokens, proofOf, randomText } from '../code-flow.ts'
import type { RunningSystem } from '../system.ts'

/** What is right, for requests that are nearly right: tokens, codes, cookies, form tokens, identifiers that exist. */
export interface Material {
  /** By what it opens: to be sent as `Authorization`. */
  readonly tokens: {
    readonly inside: string
    readonly outside: string
    readonly manage: string
    readonly bound: string
  }
  readonly key: SigningKey
  /** To be sent as parameters, where they may be used up or revoked. */
  readonly spent: readonly string[]
  readonly code: string
  readonly verifier: string
  readonly basic: string
  readonly nightly: string
  readonly assertion: string
  readonly idToken: string
  /** Of a browser in which alice is signed in, at the authority and the back end. */
  readonly cookie: string
  readonly formToken: string
  /** Of a sign-in under way in that browser. */
  readonly login: string
  /** Of one that has come to consent. */
  readonly consent: string
  /** Of a sign-in at the back end under way. */
  readonly state: string
  readonly redirectUri: string
}

/** Everything made anew: tokens live five minutes, and some inputs sign out or revoke what they were given. */
export async function makeMaterial(system: RunningSystem): Promise<Material> {
  const { resources, issuer, app } = system
  const scope = 'openid profile read:orders write:orders offline_access'
  const asked = { client: 'spa', username: 'alice', scope, resource: resources.inside }
  const key = generateSigningKey('ES256')
  const own = await getTokens(system, asked)
  const outside = await getTokens(system, { ...asked, resource: resources.outside })
  const bound = await getTokens(system, asked, key)
  const spent = await getTokens(system, { ...asked, username: 'bob', client: 'web-app' })
  const code = await getCode(system, { ...asked, username: 'bob' })
  const browser = new Browser()
  await browser.signIn(`${app}/bff/login`, system.user('alice'))
  const account = await browser.go(`${issuer}/account`)
  const formToken = account.forms.find(({ fields }) => fields.has('form_token'))?.fields.get('form_token') ?? ''
  const { url, redirectUri } = authorizationRequest(system, { ...asked, parameters: { prompt: 'login' } }, randomText())
  const login = new URL((await browser.go(url)).url).searchParams.get('login') ?? ''
  const again = authorizationRequest(system, { ...asked, parameters: { prompt: 'consent' } }, randomText())
  const consent = new URL((await browser.go(again.url)).url).searchParams.get('login') ?? ''
  const under = await browser.ask(`${app}/bff/login`)
  return {
    tokens: {
      inside: own.access,
      outside: outside.access,
      manage: await administratorToken(system),
      bound: bound.access,
    },
    key,
    spent: [spent.access, spent.refresh, spent.id],
    code: code.code,
    verifier: code.verifier,
    basic: basicOf(system, 'web-app'),
    nightly: basicOf(system, 'nightly'),
    assertion: (await assertionOf(system, 'reporter')).client_assertion ?? '',
    idToken: own.id,
    cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    formToken,
    login,
    consent,
    state: new URL(under.headers.location ?? issuer).searchParams.get('state') ?? '',
    redirectUri,
  }
}

const basicOf = (system: RunningSystem, clientId: string): string =>
  `Basic ${btoa(`${clientId}:${system.client(clientId).client_secret}`)}`

/** A proof for one request; `url` without its query. */
export const proofFor = (material: Material, method: string, url: string, ath: string): string =>
  proofOf(material.key, { htm: method, htu: url, ath })
