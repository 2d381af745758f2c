import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  clientAssertionType,
  createClientAssertion,
  importPrivateJwk,
  isRefusal,
  signNow,
} from '@sallyport/credentials'
import { getTokens, nowSeconds, randomText, tokensIn } from '../code-flow.ts'
import { exchange, type Reply } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'

/** A place that takes access tokens, with one that it takes. */
export interface Door {
  readonly name: string
  readonly honest: string
  ask(token: string): Promise<Reply>
  /** Throws unless this is how this place refuses a token. */
  assertRefused(reply: Reply, what: string): void
  /** Throws unless it let the caller in. */
  assertOpen(reply: Reply, what: string): void
}

/** Every place of a running system that takes JWT access tokens, each with a token of its own. */
export async function doorsOf(system: RunningSystem): Promise<readonly Door[]> {
  const { issuer, ordersApi, gateway, resources } = system
  const asked = { client: 'spa', username: 'alice', scope: 'openid read:orders', resource: resources.inside }
  const alice = (await getTokens(system, asked)).access
  const administrator = await administratorToken(system)
  return [
    bearerDoor('orders API', `${ordersApi}/orders`, alice),
    bearerDoor('gateway', `${gateway}/orders`, alice),
    bearerDoor('userinfo', `${issuer}/userinfo`, alice),
    bearerDoor('management API', `${issuer}/manage/clients`, administrator),
    introspectionDoor(system, alice),
  ]
}

function bearerDoor(name: string, url: string, honest: string): Door {
  return {
    name,
    honest,
    ask: token => exchange(url, { headers: { authorization: `Bearer ${token}` } }),
    assertRefused(reply, what) {
      const challenge = String(reply.headers['www-authenticate'])
      const fits = reply.status === 401 && /^(Bearer|DPoP) /.test(challenge) && challenge.includes('invalid_token')
      if (!fits) throw new Error(`${name} took ${what}: ${reply.status} ${challenge} ${reply.text.slice(0, 300)}`)
    },
    assertOpen(reply, what) {
      if (reply.status !== 200) throw new Error(`${name} refused ${what}: ${reply.status} ${reply.text.slice(0, 300)}`)
    },
  }
}

/** It refuses nobody who may ask: what is no live token is inactive, and nothing else is said of it (RFC 7662 §2.2). */
function introspectionDoor(system: RunningSystem, honest: string): Door {
  return {
    name: 'introspection',
    honest,
    ask: async token => {
      const body = new URLSearchParams({ token, ...(await assertionOf(system, 'orders-api')) })
      return exchange(`${system.issuer}/introspect`, { method: 'POST', body })
    },
    assertRefused(reply, what) {
      if (reply.text !== '{"active":false}') throw new Error(`introspection of ${what}: ${reply.status} ${reply.text}`)
    },
    assertOpen(reply, what) {
      if (reply.json.active !== true) throw new Error(`introspection of ${what}: ${reply.status} ${reply.text}`)
    },
  }
}

/** What proves a client that has a key (RFC 7523): one of the demo's, or the local administrator `cli`. */
export async function assertionOf(
  system: RunningSystem,
  clientId: string,
  changes: Partial<Parameters<typeof createClientAssertion>[0]> = {},
): Promise<Record<string, string>> {
  const cli = (): unknown => JSON.parse(readFileSync(join(system.home, 'cli.key.json'), 'utf8'))
  const key = importPrivateJwk(clientId === 'cli' ? cli() : system.client(clientId).private_jwk, 'ES256')
  if (isRefusal(key)) throw new Error(`no key of ${clientId}: ${key.refused}`)
  const said = { clientId, issuer: system.issuer, key, nowSeconds: nowSeconds(), jti: randomText(), ...changes }
  return {
    client_assertion_type: clientAssertionType,
    client_assertion: await createClientAssertion(said, signNow),
  }
}

/** A short token of the local administrator, by the key in the data folder. */
export async function administratorToken(system: RunningSystem, scope?: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    resource: `${system.issuer}/manage`,
    ...(scope === undefined ? {} : { scope }),
    ...(await assertionOf(system, 'cli')),
  })
  return tokensIn(await exchange(`${system.issuer}/token`, { method: 'POST', body })).access
}
