import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Client } from './client.ts'
import type { Grant } from './grant.ts'
import { covers, nextStep, type Standing } from './next-step.ts'
import type { Session } from './session.ts'

const now = 1_000_000
const password = 'urn:sallyport:acr:password'
const passkey = 'urn:sallyport:acr:passkey'
const client = {
  client_id: 'shop',
  consent: 'ask',
  application_type: 'web',
  token_endpoint_auth_method: 'none',
} as Client
const session: Session = {
  id: 's1',
  sid: 's1',
  secret_hash: '',
  account: 'user_1',
  created_at: now - 1000,
  auth_time: now - 1000,
  acr: password,
  amr: ['pwd'],
  user_agent: '',
  clients: [],
}
const grant: Grant = {
  id: 'grant_1',
  subject: 'user_1',
  client_id: 'shop',
  scopes: { '': ['openid'], r: ['read', 'write'] },
  created_at: 0,
}
const request: AuthorizationRequest = {
  client_id: 'shop',
  redirect_uri: 'https://shop.example/cb',
  response_mode: 'query',
  scope: ['openid', 'read'],
  resources: ['r'],
  scopesByResource: { '': ['openid'], r: ['read'] },
  code_challenge: '',
  prompt: [],
}

function step(
  changes: { readonly request?: Partial<AuthorizationRequest>; readonly client?: Partial<Client> } & Partial<
    Omit<Standing, 'request' | 'client'>
  >,
): string {
  const { request: asked, client: of, ...rest } = changes
  const standing: Standing = {
    session,
    grant,
    hasPasskey: false,
    progress: {},
    now,
    ...rest,
    request: { ...request, ...asked },
    client: { ...client, ...of },
  }
  const result = nextStep(standing)
  return result.step === 'refuse' ? result.error.error : result.step
}

test('without a session the user signs in, with one that allowed everything the code is issued', () => {
  assert.equal(step({ session: undefined }), 'sign_in')
  assert.equal(step({}), 'issue')
})

test('prompt=none never shows a page: login_required, consent_required (OpenID Connect Core §3.1.2.6)', () => {
  const silent = { prompt: ['none'] } as const
  assert.equal(step({ request: silent, session: undefined }), 'login_required')
  assert.equal(step({ request: silent, grant: undefined }), 'consent_required')
  assert.equal(step({ request: { ...silent, max_age: 10 } }), 'login_required')
  assert.equal(step({ request: silent }), 'issue')
})

test('prompt=login asks again, once (OpenID Connect Core §3.1.2.1)', () => {
  assert.equal(step({ request: { prompt: ['login'] } }), 'sign_in')
  assert.equal(step({ request: { prompt: ['login'] }, progress: { session: 's1' } }), 'issue')
  assert.equal(step({ request: { prompt: ['login'] }, progress: { session: 'another' } }), 'sign_in')
})

test('prompt=select_account lets the user choose, once', () => {
  assert.equal(step({ request: { prompt: ['select_account'] } }), 'select_account')
  assert.equal(step({ request: { prompt: ['select_account'] }, progress: { selected: 's1' } }), 'issue')
  assert.equal(step({ request: { prompt: ['select_account'] }, progress: { selected: 's0' } }), 'select_account')
})

test('max_age: an older sign-in is done again; 0 always, but not twice (OpenID Connect Core §3.1.2.1)', () => {
  assert.equal(step({ request: { max_age: 1000 } }), 'issue')
  assert.equal(step({ request: { max_age: 999 } }), 'sign_in')
  assert.equal(
    step({ request: { max_age: 0 }, session: { ...session, auth_time: now - 5 }, progress: { session: 's1' } }),
    'issue',
  )
})

test('consent: for every scope not allowed before, with prompt=consent always, for implied clients never (Core §3.1.2.4)', () => {
  assert.equal(step({ grant: undefined }), 'consent')
  assert.equal(step({ request: { scopesByResource: { r: ['delete'] } } }), 'consent')
  assert.equal(step({ grant: { ...grant, revoked_at: 5 } }), 'consent')
  assert.equal(step({ request: { prompt: ['consent'] } }), 'consent')
  assert.equal(step({ grant: undefined, client: { consent: 'implied' } }), 'issue')
  assert.equal(step({ request: { prompt: ['consent'] }, client: { consent: 'implied' } }), 'consent')
})

test('a native public client is asked every time, because another app can take its place (RFC 8252 §8.6)', () => {
  assert.equal(step({ client: { application_type: 'native' } }), 'consent')
  assert.equal(step({ client: { application_type: 'native', token_endpoint_auth_method: 'private_key_jwt' } }), 'issue')
})

test('another subject than the hint names signs in; signed in as another, the client gets login_required (Core §3.1.2.1)', () => {
  assert.equal(step({ request: { subject: 'user_2' } }), 'sign_in')
  assert.equal(step({ request: { subject: 'user_2' }, progress: { session: 's1' } }), 'login_required')
  assert.equal(step({ request: { subject: 'user_2', prompt: ['none'] } }), 'login_required')
})

test('step-up: a voluntary acr is asked for and may be declined, an essential one may not (RFC 9470 §5, Core §5.5.1.1)', () => {
  const voluntary = { acr: { anyOf: [passkey], essential: false } } as const
  const essential = { acr: { anyOf: [passkey], essential: true } } as const
  assert.equal(step({ request: voluntary }), 'passkey')
  assert.equal(step({ request: voluntary, progress: { without_passkey: 'user_1' } }), 'issue')
  assert.equal(step({ request: essential, progress: { without_passkey: 'user_1' } }), 'passkey')
  assert.equal(step({ request: essential, session: { ...session, acr: passkey } }), 'issue')
  assert.equal(step({ request: { acr: { anyOf: [], essential: true } } }), 'unmet_authentication_requirements')
  assert.equal(step({ request: { acr: { anyOf: [password], essential: true } } }), 'issue')
})

test('step-up with max_age wants the passkey itself to be fresh (RFC 9470 §5)', () => {
  const strong: Session = { ...session, acr: passkey }
  const asked = { acr: { anyOf: [passkey], essential: false }, max_age: 300 } as const
  assert.equal(step({ request: asked, session: strong, hasPasskey: true }), 'passkey')
  assert.equal(step({ request: asked, session: strong, progress: { session: 's1' } }), 'issue')
  assert.equal(step({ request: { ...asked, acr: { anyOf: [password], essential: false } } }), 'sign_in')
})

test('a silent step-up succeeds only where no passkey could be used (RFC 9470 §5)', () => {
  const asked = { acr: { anyOf: [passkey], essential: false }, prompt: ['none'] } as const
  assert.equal(step({ request: asked, hasPasskey: true }), 'login_required')
  assert.equal(step({ request: asked, hasPasskey: false }), 'issue')
})

test('a grant covers what it holds of each resource, nothing else', () => {
  assert.equal(covers(grant, { r: ['read'] }), true)
  assert.equal(covers(grant, { q: [] }), false)
  assert.equal(covers(undefined, {}), false)
})
