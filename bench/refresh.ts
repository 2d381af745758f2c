import { authorities } from './sides/authorities.ts'
import { compare } from './sides/compare.ts'
import { codeForm, codesOf, linesFile, tokenForm, tokensOf } from './sides/credentials-in-use.ts'
import type { SideSaid } from './sides/token-path.ts'

const CONNECTIONS = [32, 256]

/** How many refresh tokens a second one core rotates (a JWT and a successor for each), durable, beside oidc-provider in memory. */
export default async function run(): Promise<object> {
  const results: Record<string, unknown> = {}
  for (const connections of CONNECTIONS) {
    results[`${connections} connections`] = await compare<SideSaid>(
      authorities('many').map(({ name, start }) => ({
        name,
        start,
        load: async (server, seconds) => {
          const tokens: string[] = []
          // More families than connections, so that none waits for another's answer.
          for (const code of await codesOf(server, 4 * connections)) {
            const { refresh_token = '' } = await tokensOf(server, codeForm(server, code))
            tokens.push(refresh_token)
          }
          return {
            url: `${server.said.issuer}${server.said.token}`,
            connections,
            seconds,
            script: ['refresh.lua', linesFile(tokens), tokenForm(server, { grant_type: 'refresh_token' })],
          }
        },
      })),
    )
  }
  return { results }
}
