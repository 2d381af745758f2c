import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey, parseOpaqueToken, signAccessToken, signNow } from '@sallyport/credentials'
import { grantRecord } from '../../account-grants.ts'
import type { Client } from '../../client.ts'
import { presentedAccessToken } from '../../presented-access-token.ts'
import { revokeFamilies } from '../../revoke.ts'
import { allManageScopes, openManagementApi } from '../../testing/management-api.ts'
import { operations } from '../operations.ts'

const machine = {
  client_name: 'Report',
  grant_types: ['client_credentials'],
  scopes: ['read:orders'],
  resources: ['http://localhost:4300'],
}

test('without a token every operation answers 401 with a challenge (RFC 6750 §3)', async t => {
  const { call } = await openManagementApi(t)
  for (const { method, path } of operations) {
    const { status, headers, body } = await call(method, path.replaceAll(/\{\w+\}/g, 'x'), { token: '' })
    assert.equal(status, 401, `${method} ${path}`)
    assert.equal(headers['www-authenticate'], 'Bearer')
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
    assert.equal(body.code, 'token_missing')
  }
})

test('each operation wants its own scope and no other will do (RFC 6750 §3.1 insufficient_scope)', async t => {
  const { call, token } = await openManagementApi(t)
  for (const { method, path, scope } of operations) {
    const others = await token(
      'cli',
      allManageScopes.filter(each => each !== scope),
    )
    const { status, headers } = await call(method, path.replaceAll(/\{\w+\}/g, 'x'), { token: others })
    assert.equal(status, 403, `${method} ${path}`)
    assert.match(String(headers['www-authenticate']), new RegExp(`error="insufficient_scope", scope="${scope}"`))
  }
})

test('a user who consents to management scopes administers nothing (RFC 9068 §5: a subject is not its client)', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const ofUser = await token('web-app', allManageScopes, { sub: harness.account.id })
  for (const { method, path } of operations) {
    const { status, body } = await call(method, path.replaceAll(/\{\w+\}/g, 'x'), { token: ofUser })
    assert.deepEqual([status, body.code], [403, 'subject_not_client'], `${method} ${path}`)
  }
})

test('a token for another resource, of another key, expired, or of another type is refused (RFC 9068 §4)', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const refused = async (sent: string, code: string) => {
    const { status, body } = await call('GET', '/clients', { token: sent })
    assert.deepEqual([status, body.code], [401, code])
  }
  await refused(await token('cli', allManageScopes, { aud: 'http://localhost:4300' }), 'wrong_audience')
  await refused(await token('cli', allManageScopes, { iss: 'http://localhost:4999' }), 'wrong_issuer')
  const iat = harness.clock.seconds
  await refused(await token('cli', allManageScopes, { iat: iat - 400, exp: iat - 100 }), 'token_expired')
  const claims = {
    iss: harness.context.issuer,
    sub: 'client_cli',
    aud: 'http://localhost:4000/manage',
    client_id: 'cli',
    jti: 'x',
    iat,
    exp: iat + 300,
  }
  await refused(await signAccessToken(claims, generateSigningKey('ES256'), signNow), 'unknown_key')
  await refused('sp_at_nothing', 'token_opaque')
})

test('a token of a revoked family, or of a disabled client, is refused at once', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const { context } = harness
  const sent = await token('cli', allManageScopes, { family: 'fam_gone' })
  assert.equal((await call('GET', '/clients', { token: sent })).status, 200)
  await context.store.commit([
    {
      put: {
        kind: 'revocation',
        key: 'family fam_gone',
        value: { kind: 'family', id: 'fam_gone', before: context.now() + 900, exp: context.now() + 900 },
        expiresAt: context.now() + 900,
      },
    },
  ])
  assert.deepEqual((await call('GET', '/clients', { token: sent })).body.code, 'revoked')
  const stored = await context.store.peek<Client>('client', 'cli')
  if (stored === undefined) throw new Error('no client cli')
  await context.store.commit([{ put: { kind: 'client', key: 'cli', value: { ...stored.value, disabled: true } } }])
  assert.equal((await call('GET', '/clients')).status, 401)
})

test('a client is registered, its secret shown once and stored as a hash alone', async t => {
  const { call, harness } = await openManagementApi(t)
  const added = await call('POST', '/clients', { body: { client_id: 'report', ...machine } })
  assert.equal(added.status, 201, added.text)
  assert.equal(added.headers.location, '/manage/clients/report')
  const secret = String(added.body.client_secret)
  const shown = await call('GET', '/clients/report')
  assert.equal(shown.body.client_secret, undefined)
  assert.ok(!shown.text.includes('hash'))
  const stored = await harness.context.store.peek<Client>('client', 'report')
  assert.equal(stored?.value.secrets[0]?.hash, parseOpaqueToken(secret, 'cs')?.secretHash)
  assert.ok(!JSON.stringify(stored).includes(secret))
  const audit = harness.audits.find(record => record.action === 'client.add')
  assert.deepEqual([audit?.actor, audit?.target, audit?.outcome], ['client_cli', 'report', 'done'])
  assert.ok(!JSON.stringify(harness.audits).includes(secret))
})

test('of twenty simultaneous registrations of one id exactly one wins', async t => {
  const { call } = await openManagementApi(t)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call('POST', '/clients', { body: { client_id: 'one', ...machine } })),
  )
  assert.equal(answers.filter(({ status }) => status === 201).length, 1)
  assert.equal(answers.filter(({ status }) => status === 409).length, 19)
})

test('redirect URIs are judged at registration as they are at use (RFC 9700 §2.6)', async t => {
  const { call } = await openManagementApi(t)
  const sent = [
    'https://app.example/cb',
    'http://app.example/cb',
    'https://app.example/*',
    'https://app.example/cb#x',
    'javascript:alert(1)',
  ]
  const { status, body } = await call('POST', '/clients', {
    body: { client_name: 'App', grant_types: ['authorization_code'], redirect_uris: sent },
  })
  assert.equal(status, 422)
  const pointers = (body.errors as readonly { readonly pointer: string }[]).map(({ pointer }) => pointer)
  assert.deepEqual(pointers, ['/redirect_uris/1', '/redirect_uris/2', '/redirect_uris/3', '/redirect_uris/4'])
})

test('a public client gets no client_credentials, and none without a redirect URI the code flow (OAuth 2.1 §4.2, §2.3)', async t => {
  const { call } = await openManagementApi(t)
  const machineless = await call('POST', '/clients', { body: { ...machine, token_endpoint_auth_method: 'none' } })
  assert.equal(machineless.status, 422)
  const nowhere = await call('POST', '/clients', { body: { client_name: 'App', grant_types: ['authorization_code'] } })
  assert.equal(nowhere.status, 422)
})

test('a private key sent as a public one is refused and not repeated (RFC 7517 §9.2)', async t => {
  const { call } = await openManagementApi(t)
  const key = generateSigningKey('ES256')
  const { d } = key.privateKey.export({ format: 'jwk' })
  const jwks = { keys: [{ ...key.publicJwk, d }] }
  const refused = await call('POST', '/clients', {
    body: { ...machine, token_endpoint_auth_method: 'private_key_jwt', jwks },
  })
  assert.equal(refused.status, 422)
  assert.ok(!refused.text.includes(String(d)))
  const taken = await call('POST', '/clients', {
    body: {
      client_id: 'keyed',
      ...machine,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicJwk] },
    },
  })
  assert.equal(taken.status, 201, taken.text)
  assert.equal(taken.body.client_secret, undefined)
})

test('a misspelt scope is refused with the nearest name, one of another resource with where it belongs', async t => {
  const { call } = await openManagementApi(t)
  const misspelt = await call('POST', '/clients', { body: { ...machine, scopes: ['raed:orders'] } })
  assert.match(misspelt.text, /Did you mean read:orders\?/)
  const elsewhere = await call('POST', '/clients', { body: { ...machine, resources: [] } })
  assert.match(elsewhere.text, /It belongs to http/)
})

test('a change needs If-Match, and loses against a change that came between (RFC 6585 §3, RFC 9110 §13.1.1)', async t => {
  const { call } = await openManagementApi(t)
  const body = { client_name: 'Other' }
  assert.equal((await call('PATCH', '/clients/nightly', { body })).status, 428)
  const etag = String((await call('GET', '/clients/nightly')).headers.etag)
  const both = await Promise.all(
    ['One', 'Two'].map(client_name =>
      call('PATCH', '/clients/nightly', { body: { client_name }, headers: { 'if-match': etag } }),
    ),
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412])
  const won = both.find(({ status }) => status === 200)
  assert.equal((await call('GET', '/clients/nightly')).body.client_name, won?.body.client_name)
  assert.equal((await call('PATCH', '/clients/nightly', { body, headers: { 'if-match': 'W/"1"' } })).status, 412)
  assert.equal((await call('PATCH', '/clients/nightly', { body, headers: { 'if-match': '*' } })).status, 200)
})

test('null takes an optional member away, but not one that a client needs (RFC 7396)', async t => {
  const { call } = await openManagementApi(t)
  const headers = { 'if-match': '*' }
  assert.equal((await call('PATCH', '/clients/nightly', { body: { publisher: 'Us' }, headers })).body.publisher, 'Us')
  assert.equal(
    (await call('PATCH', '/clients/nightly', { body: { publisher: null }, headers })).body.publisher,
    undefined,
  )
  assert.equal((await call('PATCH', '/clients/nightly', { body: { grant_types: null }, headers })).status, 422)
  assert.equal((await call('PATCH', '/clients/nightly', { body: { client_id: 'other' }, headers })).status, 422)
})

test('a secret is rotated with two live ones, and a third ends the first', async t => {
  const { call, harness } = await openManagementApi(t)
  const first = await call('POST', '/clients/nightly/secrets', { body: { previous_expires_in: 100 } })
  assert.equal(first.status, 201, first.text)
  const stored = () => harness.context.store.peek<Client>('client', 'nightly')
  assert.equal((await stored())?.value.secrets.length, 2)
  const second = await call('POST', '/clients/nightly/secrets')
  const secrets = (await stored())?.value.secrets ?? []
  assert.deepEqual(
    secrets.map(({ hash }) => hash),
    [second, first].map(({ body }) => parseOpaqueToken(String(body.client_secret), 'cs')?.secretHash),
  )
  assert.equal((await call('POST', '/clients/reporter/secrets')).body.code, 'client_without_secret')
})

test('only the local administrator makes or touches a client with management scopes', async t => {
  const { call, token } = await openManagementApi(t)
  const powerful = {
    client_name: 'Boss',
    grant_types: ['client_credentials'],
    scopes: ['manage:clients:write'],
    resources: ['http://localhost:4000/manage'],
  }
  const other = await token('nightly', allManageScopes)
  const attempt = await call('POST', '/clients', { body: { client_id: 'boss', ...powerful }, token: other })
  assert.deepEqual([attempt.status, attempt.body.code], [403, 'management_not_grantable'])
  assert.equal((await call('POST', '/clients', { body: { client_id: 'boss', ...powerful } })).status, 201)
  const headers = { 'if-match': '*' }
  const taken = [
    await call('POST', '/clients/boss/secrets', { token: other }),
    await call('PATCH', '/clients/boss', { body: { client_name: 'Mine' }, headers, token: other }),
    await call('PATCH', '/clients/nightly', {
      body: { scopes: powerful.scopes, resources: powerful.resources },
      headers,
      token: other,
    }),
    await call('DELETE', '/clients/boss', { token: other }),
    await call('POST', '/clients/cli/secrets', { token: other }),
  ]
  for (const { status, text } of taken) assert.equal(status, 403, text)
  const asUser = await token('cli', allManageScopes, { sub: 'user_cli' })
  assert.equal((await call('DELETE', '/clients/boss', { token: asUser })).status, 403)
  assert.equal((await call('DELETE', '/clients/cli')).body.code, 'client_needed')
})

test('a removed client is gone with its tokens and grants, and removing it again is done', async t => {
  const { call, harness } = await openManagementApi(t)
  const { context, clients } = harness
  const grant = harness.grantOf(clients.webApp)
  await context.store.commit([{ put: grantRecord(grant) }])
  for (let time = 0; time < 2; time += 1) assert.equal((await call('DELETE', '/clients/web-app')).status, 204)
  assert.equal((await call('GET', '/clients/web-app')).status, 404)
  const listed = await call('GET', `/grants?client_id=web-app`)
  for (const each of listed.body.items as readonly { readonly id: string; readonly revoked_at?: number }[]) {
    assert.equal(each.revoked_at, context.now(), each.id)
  }
  assert.ok(listed.text.includes(grant.id))
  assert.ok((await context.store.peek('revocation', 'client web-app')) !== undefined)
})

test('resources: added, changed and removed, but not while a client is registered for one', async t => {
  const { call } = await openManagementApi(t)
  const resource = 'https://api.example/things'
  const path = `/resources/${encodeURIComponent(resource)}`
  const added = await call('POST', '/resources', {
    body: { resource, name: 'Things', scopes: [{ scope: 'read:things', description: 'See your things' }] },
  })
  assert.equal(added.status, 201, added.text)
  const headers = { 'if-match': String(added.headers.etag) }
  const changed = await call('PATCH', path, { body: { access_token_ttl_seconds: 900 }, headers })
  assert.equal(changed.body.access_token_ttl_seconds, 900)
  assert.equal(
    (await call('PATCH', path, { body: { access_token_ttl_seconds: 901 }, headers: { 'if-match': '*' } })).status,
    422,
  )
  await call('POST', '/clients', {
    body: {
      client_id: 'user',
      client_name: 'U',
      grant_types: ['client_credentials'],
      scopes: ['read:things'],
      resources: [resource],
    },
  })
  assert.equal((await call('DELETE', path)).body.code, 'resource_used')
  await call('DELETE', '/clients/user')
  for (let time = 0; time < 2; time += 1) assert.equal((await call('DELETE', path)).status, 204)
  const own = `/resources/${encodeURIComponent('http://localhost:4000/manage')}`
  assert.equal((await call('DELETE', own)).status, 403)
  assert.equal((await call('PATCH', own, { body: { name: 'x' }, headers: { 'if-match': '*' } })).status, 403)
})

test('no resource may define scopes of OpenID Connect or of the management API', async t => {
  const { call } = await openManagementApi(t)
  for (const scope of ['openid', 'manage:clients:write']) {
    const body = { resource: 'https://api.example', name: 'A', scopes: [{ scope, description: 'x' }] }
    assert.equal((await call('POST', '/resources', { body })).status, 422)
  }
})

test('users: added with a set-up link, found by name, disabled with everything ended, removed', async t => {
  const { call, harness } = await openManagementApi(t)
  const added = await call('POST', '/users', { body: { username: 'Dora', name: 'Dora Dahl', roles: ['support'] } })
  assert.equal(added.status, 201, added.text)
  assert.match(String(added.body.set_up_url), /#code=sp_su_/)
  assert.equal((await call('POST', '/users', { body: { username: 'dora' } })).status, 409)
  const found = await call('GET', '/users?username=DORA')
  assert.equal((found.body.items as readonly { readonly id: string }[])[0]?.id, added.body.id)
  assert.ok(!found.text.includes('argon2'))
  const weak = await call('POST', '/users', { body: { username: 'eve', password: 'short' } })
  assert.equal(weak.status, 422)
  assert.ok(!weak.text.includes('"short"'))
  const alice = harness.account.id
  const disabled = await call('PATCH', `/users/${alice}`, { body: { disabled: true }, headers: { 'if-match': '*' } })
  assert.equal(disabled.body.disabled, true)
  for (let time = 0; time < 2; time += 1) assert.equal((await call('DELETE', `/users/${added.body.id}`)).status, 204)
  assert.equal((await call('GET', `/users/${added.body.id}`)).status, 404)
})

test('keys: rotated without a restart, and a retired one leaves with all that it signed', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const [first] = harness.keys.ring().keys
  const before = await token('cli', allManageScopes)
  const rotated = await call('POST', '/keys/rotate')
  assert.equal(rotated.status, 200, rotated.text)
  assert.notEqual(rotated.body.kid, first?.key.kid)
  assert.equal((await call('GET', '/keys', { token: before })).status, 200)
  const after = await token('cli', allManageScopes)
  assert.equal((await call('DELETE', `/keys/${first?.key.kid}`, { token: after })).status, 204)
  assert.equal((await call('GET', '/keys', { token: before })).status, 401)
  const listed = await call('GET', '/keys', { token: after })
  assert.equal(listed.status, 200)
  assert.ok(!/"d"|private/.test(listed.text))
  assert.equal((await call('DELETE', '/keys/unknown', { token: after })).status, 204)
})

test('retiring the key that signs makes the next one first, so that tokens go on', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const signing = (await harness.keys.signing('ES256')).kid
  assert.equal((await call('DELETE', `/keys/${signing}`)).status, 204)
  const next = await harness.keys.signing('ES256')
  assert.notEqual(next.kid, signing)
  assert.equal((await call('GET', '/keys', { token: await token('cli', allManageScopes) })).status, 200)
})

test('a token is inspected and revoked, and is dead at once', async t => {
  const { call, token, harness } = await openManagementApi(t)
  const victim = await token('nightly', ['manage:keys:read'])
  const inspected = await call('POST', '/tokens/inspect', { body: { token: victim } })
  assert.deepEqual([inspected.body.active, inspected.body.kind, inspected.body.format], [true, 'access_token', 'jwt'])
  const revoked = await call('POST', '/tokens/revoke', { body: { token: victim } })
  assert.equal(revoked.body.revoked, true)
  assert.deepEqual(await presentedAccessToken(victim, harness.context), { dead: 'revoked' })
  assert.equal((await call('POST', '/tokens/revoke', { body: { token: victim } })).body.revoked, false)
  const unknown = await call('POST', '/tokens/inspect', { body: { token: 'nothing' } })
  assert.deepEqual([unknown.status, unknown.body.active], [200, false])
})

test('a grant is revoked with its families, once and again', async t => {
  const { call, harness } = await openManagementApi(t)
  const grant = harness.grantOf(harness.clients.webApp)
  const listed = await call('GET', `/grants?subject=${harness.account.id}&client_id=web-app`)
  assert.ok(listed.text.includes(grant.id))
  assert.equal((await call('DELETE', `/grants/${grant.id}`)).status, 200)
  assert.equal((await call('DELETE', `/grants/${grant.id}`)).body.revoked_families, 0)
  assert.equal(await revokeFamilies(harness.context, { grant: grant.id }, { actor: 'system', reason: 'test' }), 0)
})

test('lists come in pages that neither lose nor repeat a record', async t => {
  const { call } = await openManagementApi(t)
  const all = (await call('GET', '/clients?limit=200')).body.items as readonly { readonly client_id: string }[]
  const seen: string[] = []
  let path = '/clients?limit=3'
  for (;;) {
    const { body, status } = await call('GET', path)
    assert.equal(status, 200)
    seen.push(...(body.items as readonly { readonly client_id: string }[]).map(each => each.client_id))
    if (body.next === undefined) break
    path = `/clients?limit=3&after=${body.next}`
  }
  assert.deepEqual(
    seen,
    all.map(each => each.client_id),
  )
})

test('an unknown or repeated query parameter, or one out of range, is refused', async t => {
  const { call } = await openManagementApi(t)
  for (const query of ['limt=3', 'limit=0', 'limit=201', 'limit=x', 'limit=3&limit=4']) {
    const { status, body } = await call('GET', `/clients?${query}`)
    assert.deepEqual([status, body.code], [400, 'invalid_query'], query)
  }
})

test('bodies that are no JSON, too deep, twice the same member or of another type are 4xx, never 500', async t => {
  const { call } = await openManagementApi(t)
  const cases: readonly (readonly [string, number, Readonly<Record<string, string>>?])[] = [
    ['{', 400],
    ['{"client_name":"a","client_name":"b"}', 400],
    [`${'['.repeat(60)}${']'.repeat(60)}`, 400],
    ['client_name=a', 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['[]', 422],
    ['null', 422],
    ['"x"', 422],
  ]
  for (const [raw, expected, headers = {}] of cases) {
    const { status, text } = await call('POST', '/clients', { raw, headers })
    assert.equal(status, expected, `${raw.slice(0, 40)} ${text}`)
  }
})

test('the description names every operation with its scope, and its schemas are those that judge (OpenAPI 3.1)', async t => {
  const { call } = await openManagementApi(t)
  const { status, body } = await call('GET', '/openapi.json', { token: '' })
  assert.equal(status, 200)
  assert.match(String(body.openapi), /^3\.1\./)
  const paths = body.paths as Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly security: unknown }>>>
  >
  for (const { id, method, path, scope } of operations) {
    const described = paths[path]?.[method.toLowerCase()]
    assert.equal(described?.operationId, id)
    assert.deepEqual(described?.security, [{ manage: [scope] }])
  }
  const ids = operations.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
})

test('a list says what was done before it, unless the query says that it may lag; nothing else asks a replica', async t => {
  const asked: string[] = []
  const { call } = await openManagementApi(t, {
    listLagging: async kind => {
      asked.push(kind)
      return { records: [], next: undefined }
    },
  })
  const lists = operations.filter(({ query }) => query !== undefined && Object.hasOwn(query, 'may_lag'))
  assert.deepEqual(
    lists.map(({ id }) => id),
    ['listClients', 'listResources', 'listUsers', 'listGrants'],
  )
  for (const { method, path } of operations) await call(method, path.replaceAll(/\{\w+\}/g, 'x'))
  for (const { path } of lists) assert.equal((await call('GET', `${path}?may_lag=false`)).status, 200)
  assert.deepEqual(asked, [])
  assert.equal((await call('POST', '/clients', { body: { client_id: 'report', ...machine } })).status, 201)
  const listed = async (query: string) =>
    ((await call('GET', `/clients${query}`)).body.items as readonly { client_id: string }[]).map(each => each.client_id)
  assert.ok((await listed('')).includes('report'))
  assert.deepEqual(await listed('?may_lag=true'), [])
  for (const { path } of lists) await call('GET', `${path}?may_lag=true`)
  assert.deepEqual(asked, ['client', 'client', 'resource', 'account', 'grant'])
  const refused = await call('GET', '/clients?may_lag=yes')
  assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_query'])
})

test('without a replica a list that may lag is the list', async t => {
  const { call } = await openManagementApi(t)
  const [exact, lagging] = [await call('GET', '/clients'), await call('GET', '/clients?may_lag=true')]
  assert.equal(lagging.status, 200)
  assert.deepEqual(lagging.body, exact.body)
})
