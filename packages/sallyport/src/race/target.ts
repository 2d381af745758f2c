import { callJson, refusedBy } from '../client/call.ts'
import { CommandFailure } from '../command-line/command.ts'

/** One process of the server: what uses are sent to. */
export interface ServerProcess {
  readonly tokenEndpoint: string
  readonly authorizationEndpoint: string | undefined
  /** Where the metadata is: what is asked for to open connections. */
  readonly metadata: string
}

/** The server that is raced against, by its own metadata. */
export interface RaceTarget extends ServerProcess {
  readonly issuer: string
  /** RFC 9126 §5. */
  readonly pushedAuthorizationRequestEndpoint: string | undefined
  /** RFC 8628 §4. */
  readonly deviceAuthorizationEndpoint: string | undefined
  /** Other processes of the same server, by the addresses that reach each by itself; uses are dealt out to all. */
  readonly replicas: readonly ServerProcess[]
}

const suffixes = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

/**
 * Reads a server's metadata (RFC 8414 §3, OpenID Connect Discovery §4).
 *
 * @param also  origins of other processes that serve the same issuer
 * @throws CommandFailure when there is none
 */
export async function findTarget(issuer: string, also: readonly string[] = []): Promise<RaceTarget> {
  const given = issuer.replace(/\/$/, '')
  for (const suffix of suffixes) {
    const metadata = `${given}${suffix}`
    const { status, body } = await callJson(metadata)
    const { issuer: named, token_endpoint: tokenEndpoint } = body
    if (status !== 200 || typeof named !== 'string' || typeof tokenEndpoint !== 'string') continue
    const first = { tokenEndpoint, authorizationEndpoint: endpoint(body.authorization_endpoint), metadata }
    return {
      ...first,
      issuer: named,
      pushedAuthorizationRequestEndpoint: endpoint(body.pushed_authorization_request_endpoint),
      deviceAuthorizationEndpoint: endpoint(body.device_authorization_endpoint),
      replicas: also.map(origin => at(origin, first)),
    }
  }
  throw new CommandFailure({
    failed: 'refused',
    code: 'no_metadata',
    message: `${issuer} has no metadata that names a token endpoint.`,
    expected: suffixes.map(suffix => `${given}${suffix}`).join(' or '),
    hint: 'Give the issuer as its own tokens name it.',
  })
}

const endpoint = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The same endpoints at another origin. */
function at(origin: string, { tokenEndpoint, authorizationEndpoint, metadata }: ServerProcess): ServerProcess {
  const moved = (url: string): string => new URL(new URL(url).pathname, origin).href
  return {
    tokenEndpoint: moved(tokenEndpoint),
    authorizationEndpoint: authorizationEndpoint === undefined ? undefined : moved(authorizationEndpoint),
    metadata: moved(metadata),
  }
}

/** A single token, to race for what follows from it. @throws CommandFailure with the server's own words */
export async function tokensOf(
  target: RaceTarget,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: URLSearchParams },
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await callJson(target.tokenEndpoint, { method: 'POST', headers: request.headers, body: request.body })
  if (answer.status !== 200) throw refusedBy(answer, 'The token request')
  return answer.body
}
