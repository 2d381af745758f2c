import { authorities } from './sides/authorities.ts'
import { compare } from './sides/compare.ts'
import { tokenForm, tokensOf } from './sides/credentials-in-use.ts'
import type { SideSaid } from './sides/token-path.ts'

const CONNECTIONS = 32

/** How many live opaque tokens a second one core introspects, from the durable store, beside oidc-provider in memory. */
export default async function run(): Promise<object> {
  const results = await compare<SideSaid>(
    authorities('few').map(({ name, start }) => ({
      name,
      start,
      load: async (server, seconds) => {
        const { said } = server
        const asked = { grant_type: 'client_credentials', scope: 'read:orders', resource: said.opaque }
        const { access_token: token = '' } = await tokensOf(server, tokenForm(server, asked))
        return {
          url: `${said.issuer}${said.introspection}`,
          connections: CONNECTIONS,
          seconds,
          script: ['form.lua', tokenForm(server, { token })],
        }
      },
    })),
  )
  return { connections: CONNECTIONS, results }
}
