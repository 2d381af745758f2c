import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'

/** The pages that Hydra leaves to whoever runs it, where a user signs in and consents. */
export interface SignInPages {
  readonly login: string
  readonly consent: string
  stop(): void
}

/** What an accepted sign-in and consent say, and to which address of Hydra's administration. */
export interface Accepted {
  readonly admin: string
  readonly subject: string
  readonly scopes: readonly string[]
}

/** Serves both on loopback, and accepts at once as one user. */
export async function startSignInPages(port: number, { admin, subject, scopes }: Accepted): Promise<SignInPages> {
  const origin = `http://127.0.0.1:${port}`
  const accepted: Readonly<Record<string, object>> = {
    login: { subject },
    consent: { grant_scope: scopes },
  }
  /** Where the browser goes on. */
  const accept = async (request: IncomingMessage): Promise<string> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    const kind = pathname.slice(1)
    const challenge = new URLSearchParams({ [`${kind}_challenge`]: searchParams.get(`${kind}_challenge`) ?? '' })
    const answer = await fetch(`${admin}/admin/oauth2/auth/requests/${kind}/accept?${challenge}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(accepted[kind] ?? {}),
    })
    const { redirect_to: next } = Object(await answer.json())
    if (typeof next !== 'string') throw new Error(`Hydra: ${answer.status} to the acceptance of ${kind}`)
    return next
  }
  const server = createServer((request, response) => {
    accept(request).then(
      location => response.writeHead(303, { location }).end(),
      error => response.writeHead(500).end(String(error)),
    )
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    login: `${origin}/login`,
    consent: `${origin}/consent`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
