import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { administratorOf, type Registered, type Registration } from '../administrator.ts'
import { randomText } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { freePorts } from '../free-ports.ts'
import { systemOfFile } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { readScope, serveMcp, writeScope } from './mcp-server.ts'

const system = await systemOfFile()
const administrator = await administratorOf(system)
const redirectUrl = 'http://localhost:4770/callback'

/** Registers an MCP server as a resource and a client for it, beforehand as the operator of both would, and serves it. */
async function openNotes(t: TestContext, registration: Partial<Registration>) {
  const { port } = await freePorts(['port'])
  const resource = `http://localhost:${port}/mcp`
  await administrator.addResource({
    resource,
    name: 'Notes',
    scopes: [
      { scope: readScope, description: 'Read your notes' },
      { scope: writeScope, description: 'Write notes for you', implies: [readScope] },
    ],
  })
  const client = await administrator.addClient({
    client_name: 'MCP client',
    grant_types: ['authorization_code'],
    redirect_uris: [redirectUrl],
    scopes: [readScope, writeScope],
    resources: [resource],
    ...registration,
  })
  await serveMcp(t, system.issuer, resource)
  return { resource, client }
}

/** An application's side of the SDK's sign-in: keeps what it is given and sends the person to the authority. */
class Application implements OAuthClientProvider {
  readonly redirectUrl = redirectUrl
  readonly clientMetadata = { redirect_uris: [redirectUrl], client_name: 'MCP client' }
  readonly sentTo: URL[] = []
  readonly #client: Registered
  #tokens: OAuthTokens | undefined
  #verifier = ''

  constructor(client: Registered) {
    this.#client = client
  }

  clientInformation() {
    const { client_id, client_secret, token_endpoint_auth_method } = this.#client
    const secret = client_secret === undefined ? {} : { client_secret }
    return { ...this.clientMetadata, client_id, ...secret, token_endpoint_auth_method, issuer: system.issuer }
  }

  state(): string {
    return randomText()
  }

  tokens(): OAuthTokens | undefined {
    return this.#tokens
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }

  redirectToAuthorization(url: URL): void {
    this.sentTo.push(url)
  }
}

/** Has the person do what the application sent them to do; the code comes back. */
async function visit(application: Application, agent: UserAgent): Promise<string> {
  const url = application.sentTo.at(-1) ?? assert.fail('nobody was sent anywhere')
  const back = await agent.authorize(url, redirectUrl, system.user('alice'))
  assert.equal(back.searchParams.get('state'), url.searchParams.get('state'))
  return back.searchParams.get('code') ?? assert.fail(back.href)
}

async function connect(resource: string, application: Application) {
  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: application })
  const client = new Client({ name: 'test', version: '1.0.0' })
  // The transport's optional members are typed with undefined, which exactOptionalPropertyTypes tells apart.
  await client.connect(transport as Parameters<Client['connect']>[0])
  return { client, transport }
}

/** From the first 401 over discovery and the real pages to a session with the server. */
async function signIn(resource: string, application: Application, agent: UserAgent) {
  await assert.rejects(connect(resource, application), UnauthorizedError)
  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: application })
  await transport.finishAuth(await visit(application, agent))
  return connect(resource, application)
}

async function call(client: Client, name: string): Promise<Readonly<Record<string, unknown>>> {
  const { content } = await client.callTool({ name })
  const [{ text }] = content as [{ text: string }]
  return JSON.parse(text)
}

const methods = ['none', 'client_secret_basic', 'client_secret_post'] as const

for (const token_endpoint_auth_method of methods) {
  test(`the MCP SDK, ${token_endpoint_auth_method}: 401, RFC 9728 and RFC 8414 metadata, code with PKCE and resource, tool call, step-up by scope (MCP Authorization)`, async t => {
    const { resource, client: registered } = await openNotes(t, { token_endpoint_auth_method })
    const application = new Application(registered)
    const agent = new UserAgent()
    const { client, transport } = await signIn(resource, application, agent)
    const [first] = application.sentTo
    assert.equal(first?.origin, system.issuer)
    assert.deepEqual(
      ['resource', 'scope', 'code_challenge_method'].map(name => first?.searchParams.get(name)),
      [resource, readScope, 'S256'],
    )
    const { subject, scopes } = await call(client, 'whoami')
    assert.match(String(subject), /^user_/)
    assert.deepEqual(scopes, [readScope])

    await assert.rejects(call(client, 'add-note'), UnauthorizedError)
    assert.equal(application.sentTo.at(-1)?.searchParams.get('scope'), writeScope)
    await transport.finishAuth(await visit(application, agent))
    assert.deepEqual(await call(client, 'add-note'), { added_for: subject })
    assert.equal((await call(client, 'whoami')).subject, subject, 'the broader scope contains the narrower')
    await client.close()
  })
}

test('the MCP SDK refreshes by itself when its access token is revoked, without the person (OAuth 2.1 §4.3)', async t => {
  const grants = { token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] } as const
  const { resource, client: registered } = await openNotes(t, grants)
  const application = new Application(registered)
  const { client } = await signIn(resource, application, new UserAgent())
  const before = application.tokens()
  const { subject } = await call(client, 'whoami')
  const body = new URLSearchParams({ token: before?.access_token ?? '', client_id: registered.client_id })
  assert.equal((await fetch(`${system.issuer}/revoke`, { method: 'POST', body })).status, 200)
  const headers = { authorization: `Bearer ${before?.access_token}` }
  await eventually(async () => (await fetch(resource, { headers })).status === 401, 'the token is refused')
  assert.equal((await call(client, 'whoami')).subject, subject)
  assert.equal(application.sentTo.length, 1)
  assert.notEqual(application.tokens()?.refresh_token, before?.refresh_token)
  await client.close()
})

test('a token for another resource opens no MCP server (RFC 8707 §2, MCP Authorization, Token Audience Binding)', async t => {
  const { resource } = await openNotes(t, { token_endpoint_auth_method: 'none' })
  const { client_secret } = system.client('nightly')
  const headers = { authorization: `Basic ${btoa(`nightly:${client_secret}`)}` }
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource: system.resources.inside })
  const tokens = await (await fetch(`${system.issuer}/token`, { method: 'POST', headers, body })).json()
  const answer = await fetch(resource, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  })
  assert.equal(answer.status, 401)
  assert.equal((await answer.json()).code, 'wrong_audience')
})
