import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CommandFailure, flag, flagList, type Invocation } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

/** What flags say of a client, under the names on the wire (RFC 7591 §2); what no flag names is not there. */
export interface ClientMembers {
  readonly client_name?: string
  readonly application_type?: string
  readonly token_endpoint_auth_method?: string
  readonly grant_types?: readonly string[]
  readonly redirect_uris?: readonly string[]
  readonly post_logout_redirect_uris?: readonly string[]
  readonly scopes?: readonly string[]
  readonly resources?: readonly string[]
  readonly dpop_bound_access_tokens?: boolean
  readonly consent?: string
  readonly jwks?: { readonly keys: readonly unknown[] }
}

export function clientMembers(invocation: Invocation, terminal: Terminal): ClientMembers {
  const listed = (name: string) => (invocation.flags.has(name) ? flagList(invocation, name) : undefined)
  const jwk = flag(invocation, 'jwk')
  const members = {
    client_name: flag(invocation, 'name'),
    application_type: flag(invocation, 'type'),
    token_endpoint_auth_method: flag(invocation, 'auth') ?? (jwk === undefined ? undefined : 'private_key_jwt'),
    grant_types: listed('grant'),
    redirect_uris: listed('redirect'),
    post_logout_redirect_uris: listed('logout-redirect'),
    scopes: listed('scope'),
    resources: listed('resource'),
    dpop_bound_access_tokens: invocation.flags.has('dpop') ? true : undefined,
    consent: flag(invocation, 'consent'),
    jwks: jwk === undefined ? undefined : { keys: [readJwk(resolve(terminal.directory, jwk))] },
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function readJwk(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error)
    throw new CommandFailure({
      failed: 'usage',
      code: 'jwk_unreadable',
      message: `${path} is no JWK.`,
      expected: 'a public key (RFC 7517)',
      got,
    })
  }
}
