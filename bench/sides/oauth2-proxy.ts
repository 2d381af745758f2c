import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../tests/free-ports.ts'
import { untilOpen } from './open-port.ts'
import { type PinnedServer, startBesideLoad, startProgram } from './pinned-server.ts'
import { isThere } from './wrk.ts'

const version = 'v7.15.2'

export interface SignedIn {
  readonly origin: string
  /** The session of a user who signed in. */
  readonly cookie: string
}

/**
 * oauth2-proxy before a service, with a user signed in at an OpenID provider of its own: each request is let through by the
 * session in its encrypted cookie, the usual way to run it.
 *
 * @throws Error naming what is missing when it cannot be installed
 */
export async function startOauth2Proxy(upstream: string): Promise<PinnedServer<SignedIn>> {
  const program = install()
  const { port } = await freePorts(['port'])
  const origin = `http://127.0.0.1:${port}`
  const redirectUri = `${origin}/oauth2/callback`
  const issuer = await startBesideLoad<{ issuer: string; clientId: string; secret: string }>('sign-in-issuer.ts', [
    redirectUri,
  ])
  const words = [
    '--provider=oidc',
    `--oidc-issuer-url=${issuer.said.issuer}`,
    `--client-id=${issuer.said.clientId}`,
    `--client-secret=${issuer.said.secret}`,
    `--redirect-url=${redirectUri}`,
    '--scope=openid email',
    '--code-challenge-method=S256',
    '--email-domain=*',
    `--http-address=127.0.0.1:${port}`,
    `--upstream=${upstream}`,
    `--cookie-secret=${randomBytes(32).toString('base64url')}`,
    '--cookie-secure=false',
    '--skip-provider-button',
    '--request-logging=false',
    '--auth-logging=false',
    '--standard-logging=false',
  ]
  try {
    const server = await startProgram<object>(['sh', '-c', 'echo "{}"; exec "$@"', 'sh', program, ...words])
    await untilOpen(port)
    const cookie = await signIn(origin)
    const { status } = await fetch(origin, { redirect: 'manual', headers: { cookie } })
    if (status !== 200) throw new Error(`oauth2-proxy: ${status} with the session of a user who signed in`)
    return {
      ...server,
      said: { origin, cookie },
      stop: async () => {
        await server.stop()
        await issuer.stop()
      },
    }
  } catch (error) {
    await issuer.stop()
    throw error
  }
}

/** Follows the sign-in from the proxy to the provider and back, with the cookies of each. */
async function signIn(origin: string): Promise<string> {
  const jars = new Map<string, Map<string, string>>()
  let at = new URL('/oauth2/start?rd=/', origin)
  for (let hops = 0; hops < 10; hops += 1) {
    const jar = jars.get(at.origin) ?? new Map<string, string>()
    jars.set(at.origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    const session = [...jar].filter(([name]) => /^_oauth2_proxy(?:_\d+)?$/.test(name))
    if (session.length > 0) return session.map(([name, value]) => `${name}=${value}`).join('; ')
    const next = response.headers.get('location')
    if (next === null) throw new Error(`oauth2-proxy: ${response.status} from ${at.pathname}: ${await response.text()}`)
    at = new URL(next, at)
  }
  throw new Error('oauth2-proxy: the sign-in does not end')
}

/** Where the program is, built once from its module. */
function install(): string {
  const folder = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    `sallyport-bench/oauth2-proxy-${version}`,
  )
  const program = join(folder, 'oauth2-proxy')
  if (existsSync(program)) return program
  if (!isThere('go')) throw new Error('go is missing, which builds oauth2-proxy: apt-get install golang')
  mkdirSync(folder, { recursive: true })
  const module = `github.com/oauth2-proxy/oauth2-proxy/v7@${version}`
  process.stderr.write(`oauth2-proxy is missing: go install ${module}\n`)
  try {
    execFileSync('go', ['install', module], { env: { ...process.env, GOBIN: folder }, stdio: ['ignore', 2, 2] })
  } catch (error) {
    throw new Error(`oauth2-proxy ${version} could not be installed`, { cause: error })
  }
  return program
}
