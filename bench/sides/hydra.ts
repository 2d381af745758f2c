import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { s256 } from '@sallyport/credentials'
import { freePorts } from '../../tests/free-ports.ts'
import { ownProcess } from '../../tests/own-process.ts'
import { startPostgres } from '../../tests/services/postgres.ts'
import { UserAgent } from '../../tests/user-agent.ts'
import { hydraProgram } from './hydra-program.ts'
import { startSignInPages } from './hydra-sign-in.ts'
import type { Raced } from './raced.ts'

export interface Hydra {
  readonly said: Raced
  /** Ends it, its pages and its Postgres, and removes their folders. */
  stop(): Promise<void>
}

interface Settings {
  /** How long a refresh token goes on working after its first use; `0s`, Hydra's default, is not at all. */
  readonly rotationGracePeriod: string
  /** How many codes to get, each by a sign-in and consent. */
  readonly codes: number
}

interface Started {
  stop(): Promise<void> | void
}

interface Addresses {
  readonly issuer: string
  readonly admin: string
}

const scopes = ['openid', 'offline_access', 'read:orders']
const redirectUri = 'https://web.example/cb'

/**
 * ORY Hydra on a Postgres of its own, both on loopback, with a confidential client and a user who signs in and consents for
 * every code. It has its own defaults, but for what a machine without TLS needs (`--dev`) and what the settings say.
 *
 * @throws Error naming what is missing when Hydra cannot be built or there is no Postgres
 */
export async function startHydra({ rotationGracePeriod, codes: wanted }: Settings): Promise<Hydra> {
  const program = hydraProgram()
  const started: Started[] = []
  const stop = async () => {
    for (const each of started.toReversed()) await each.stop()
  }
  try {
    const postgres = await startPostgres()
    started.push(postgres)
    const { issuer, admin } = await serve(program, configurationOn(postgres.url, rotationGracePeriod), started)
    const secret = await addClient(admin)
    const verifier = randomBytes(32).toString('base64url')
    const codes: string[] = []
    for (let n = 0; n < wanted; n += 1) codes.push(await askForCode(issuer, verifier))
    return { said: { issuer, tokenEndpoint: `${issuer}/oauth2/token`, secret, verifier, redirectUri, codes }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const configurationOn = (database: string, rotationGracePeriod: string) => ({
  // The size of the pool is that of Hydra's own quick start.
  dsn: `${database}?sslmode=disable&max_conns=20&max_idle_conns=4`,
  log: { level: 'error' },
  oauth2: { grant: { refresh_token: { rotation_grace_period: rotationGracePeriod } } },
  secrets: { system: [randomBytes(32).toString('base64url')] },
  sqa: { opt_out: true },
})

/** Makes the tables, and starts Hydra and the pages it sends users to. */
async function serve(program: string, configuration: object, started: Started[]): Promise<Addresses> {
  const ports = await freePorts(['public', 'admin', 'pages'])
  const issuer = `http://127.0.0.1:${ports.public}`
  const admin = `http://127.0.0.1:${ports.admin}`
  const pages = await startSignInPages(ports.pages, { admin, subject: 'alice', scopes })
  started.push(pages)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-hydra-'))
  started.push({ stop: () => rmSync(folder, { recursive: true, force: true }) })
  const file = join(folder, 'hydra.json')
  const addresses = {
    serve: {
      public: { host: '127.0.0.1', port: ports.public },
      admin: { host: '127.0.0.1', port: ports.admin },
    },
    urls: { self: { issuer }, login: pages.login, consent: pages.consent },
  }
  writeFileSync(file, JSON.stringify({ ...configuration, ...addresses }))
  execFileSync(program, ['migrate', 'sql', 'up', '-e', '--yes', '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  const server = ownProcess(program, ['serve', 'all', '--dev', '-c', file], { folder })
  started.push(server)
  const isReady = async (origin: string) => (await fetch(`${origin}/health/ready`).catch(() => undefined))?.ok === true
  await server.until(async () => (await isReady(issuer)) && (await isReady(admin)), 'it is ready')
  return { issuer, admin }
}

/** @returns its secret */
async function addClient(admin: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const client = {
    client_id: 'web',
    client_secret: secret,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
    scope: scopes.join(' '),
    token_endpoint_auth_method: 'client_secret_basic',
  }
  const answer = await fetch(`${admin}/admin/clients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(client),
  })
  if (answer.status !== 201) throw new Error(`Hydra: ${answer.status} to a new client: ${await answer.text()}`)
  return secret
}

/** By a sign-in and a consent of its own, so that one race's revocation does not reach the next. */
async function askForCode(issuer: string, verifier: string): Promise<string> {
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: 'web',
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state: randomBytes(16).toString('base64url'),
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
  })
  const { searchParams } = await new UserAgent().authorize(`${issuer}/oauth2/auth?${request}`, redirectUri)
  const code = searchParams.get('code')
  if (code === null) throw new Error(`Hydra: no code: ${searchParams}`)
  return code
}
