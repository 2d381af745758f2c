import { authorities } from './sides/authorities.ts'
import { compare } from './sides/compare.ts'
import { clientId, type SideSaid } from './sides/token-path.ts'

const CONNECTIONS = 32

/**
 * How many client_credentials tokens a second one core gives, JWT (ES256) and opaque, beside oidc-provider in memory. Ours
 * are durable: the audit record, and the token's row where it is opaque, are on disk before the answer.
 */
export default async function run(): Promise<object> {
  const results: Record<string, unknown> = {}
  for (const format of ['jwt', 'opaque'] as const) {
    results[format] = await compare<SideSaid>(
      authorities('few').map(({ name, start }) => ({
        name,
        start,
        load: ({ said }, seconds) => ({
          url: `${said.issuer}${said.token}`,
          connections: CONNECTIONS,
          seconds,
          script: ['form.lua', form(said.secret, said[format])],
        }),
      })),
    )
  }
  return { connections: CONNECTIONS, results }
}

function form(secret: string, resource: string): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope: 'read:orders',
    resource,
  }).toString()
}
