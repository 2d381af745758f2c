import { administratorOf } from '../administrator.ts'
import { getTokens, type Tokens, tokenRequest, tokensIn } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'
import { UserAgent } from '../user-agent.ts'
import { show } from './ask.ts'
import type { Door } from './doors.ts'

/** What is revoked: one access token, a user's family by its refresh token, a client with all it has. */
export const revokedKinds = ['token', 'family', 'client'] as const
export const formats = ['opaque', 'JWT'] as const

export type RevokedKind = (typeof revokedKinds)[number]
export type Format = (typeof formats)[number]

/** A live token, and how it is ended. */
interface Revocable {
  readonly token: string
  /** Resolves with the revocation's answer. */
  end(): Promise<void>
}

export interface Refused {
  readonly door: string
  /** From the revocation's answer to the first refusal's. */
  readonly afterMs: number
}

/** A revoked token that is still taken after this is given up. */
const patienceMs = 10_000

/** Makes and ends tokens of a started system. */
export class Revocations {
  readonly #system: RunningSystem
  readonly #agent = new UserAgent()
  readonly #administrator: ReturnType<typeof administratorOf>
  #clients = 0

  constructor(system: RunningSystem) {
    this.#system = system
    this.#administrator = administratorOf(system)
    this.#administrator.catch(() => undefined)
  }

  /** One revocation of a token that every door has let through, seen from each. */
  async refusals(kind: RevokedKind, format: Format, doors: readonly Door[]): Promise<readonly Refused[]> {
    const { token, end } = await this.#revocable(kind, this.resource(format))
    for (const { name, address } of doors) {
      const { status, text } = await show(address, token)
      if (status !== 200) throw new Error(`${name} refused a live token: ${status} ${text}`)
    }
    await end()
    const answeredAt = performance.now()
    return Promise.all(
      doors.map(async ({ name, address }) => ({
        door: name,
        afterMs: Math.round((await firstRefusal(name, address, token)) - answeredAt),
      })),
    )
  }

  resource(format: Format): string {
    const { outside, inside } = this.#system.resources
    return format === 'opaque' ? outside : inside
  }

  /** A machine's token that nobody ends. */
  async live(format: Format): Promise<string> {
    return (await this.#machineToken('nightly', this.resource(format))).access
  }

  async #revocable(kind: RevokedKind, resource: string): Promise<Revocable> {
    if (kind === 'token') {
      const { access } = await this.#machineToken('nightly', resource)
      return { token: access, end: () => this.#revoke('nightly', access) }
    }
    if (kind === 'family') {
      const asked = { client: 'web-app', username: 'alice', scope: 'openid offline_access read:orders', resource }
      const { access, refresh } = await getTokens(this.#system, { ...asked, agent: this.#agent })
      return { token: access, end: () => this.#revoke('web-app', refresh) }
    }
    return this.#clientToRemove(resource)
  }

  async #clientToRemove(resource: string): Promise<Revocable> {
    const administrator = await this.#administrator
    this.#clients += 1
    const { client_id, client_secret = '' } = await administrator.addClient({
      client_id: `removed-${this.#clients}`,
      client_name: 'Removed',
      grant_types: ['client_credentials'],
      scopes: ['read:orders'],
      resources: [resource],
    })
    const headers = { authorization: basic(client_id, client_secret) }
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:orders', resource })
    const { access } = tokensIn(await exchange(`${this.#system.issuer}/token`, { method: 'POST', headers, body }))
    return { token: access, end: () => administrator.removeClient(client_id) }
  }

  async #machineToken(client: string, resource: string): Promise<Tokens> {
    const asked = { grant_type: 'client_credentials', scope: 'read:orders', resource }
    return tokensIn(await tokenRequest(this.#system, client, asked))
  }

  async #revoke(client: string, token: string): Promise<void> {
    const headers = { authorization: basic(client, this.#system.client(client).client_secret ?? '') }
    const sent = { method: 'POST', headers, body: new URLSearchParams({ token }) }
    const { status, text } = await exchange(`${this.#system.issuer}/revoke`, sent)
    if (status !== 200) throw new Error(`the revocation failed: ${status} ${text}`)
  }
}

const basic = (client: string, secret: string): string => `Basic ${btoa(`${client}:${secret}`)}`

/** @returns `performance.now()` of the first answer that refuses the token as revoked */
async function firstRefusal(name: string, address: string, token: string): Promise<number> {
  const givenUpAt = performance.now() + patienceMs
  while (performance.now() < givenUpAt) {
    const { status, text } = await show(address, token)
    if (status === 200) continue
    if (status !== 401 || !text.includes('token_revoked')) throw new Error(`${name} answered ${status} ${text}`)
    return performance.now()
  }
  throw new Error(`${name} still takes the revoked token after ${patienceMs} ms`)
}
