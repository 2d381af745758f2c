import { authorities } from './sides/authorities.ts'
import { compare } from './sides/compare.ts'
import { codeForm, codesOf, linesFile } from './sides/credentials-in-use.ts'
import type { SideSaid } from './sides/token-path.ts'

const CONNECTIONS = [32, 256]
/** More than either side can redeem. */
const CODES_A_SECOND = 24_000

/** How many codes (PKCE; a JWT and a refresh token for each) a second one core redeems, durable, beside oidc-provider in memory. */
export default async function run(): Promise<object> {
  const results: Record<string, unknown> = {}
  for (const connections of CONNECTIONS) {
    results[`${connections} connections`] = await compare<SideSaid>(
      authorities('many').map(({ name, start }) => ({
        name,
        start,
        load: async (server, seconds) => {
          const codes = await codesOf(server, CODES_A_SECOND * seconds)
          const file = linesFile(codes.map(code => codeForm(server, code)))
          return {
            url: `${server.said.issuer}${server.said.token}`,
            connections,
            seconds,
            script: ['forms.lua', file],
          }
        },
      })),
    )
  }
  return { results }
}
