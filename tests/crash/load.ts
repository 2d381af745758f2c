import { randomInt } from 'node:crypto'
import { type GotCode, getCode, redemption, tokenRequest, tokensIn } from '../code-flow.ts'
import { exchange, type Reply } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'
import type { UserAgent } from '../user-agent.ts'
import type { Acknowledged, HeldFamily } from './acknowledged.ts'

const scope = 'openid offline_access read:orders'
const clients = ['spa', 'web-app']
const refreshesMax = 4
const peoples = 6

/** Whether requests go on; the lanes look at it between two of them. */
export interface Switch {
  isOn: boolean
}

/** Signs in once, as somebody does in the morning; the session outlives every kill, and consent is remembered. */
export async function signIn(system: RunningSystem, agent: UserAgent): Promise<void> {
  for (const client of clients) await getCode(system, { ...asked(system, agent), client })
}

/**
 * People who get codes, redeem, refresh and revoke, and programs that get tokens and revoke them, as fast as answers come.
 * Resolves when the system has gone or the switch is off; what was acknowledged is in `known`, whatever happened after.
 */
export async function load(system: RunningSystem, agent: UserAgent, known: Acknowledged, on: Switch): Promise<void> {
  const people = Array.from({ length: peoples }, (_, nth) =>
    person(system, agent, clients[nth % clients.length] ?? 'spa', known, on),
  )
  const programs = Array.from({ length: 4 }, () => program(system, known, on))
  await Promise.all([...people, ...programs])
}

const asked = (system: RunningSystem, agent: UserAgent) => ({
  username: 'alice',
  scope,
  resource: system.resources.outside,
  agent,
})

async function person(system: RunningSystem, agent: UserAgent, client: string, known: Acknowledged, on: Switch) {
  while (on.isOn) {
    const code = await answered(on, () => getCode(system, { ...asked(system, agent), client }))
    if (code === undefined) return
    const family = await redeem(system, code, known, on)
    if (family === undefined) return
    for (let n = randomInt(refreshesMax); n > 0 && on.isOn; n -= 1)
      if (!(await refresh(system, family, known, on))) return
    if (randomInt(3) === 0 && !(await revokeFamily(system, family, known, on))) return
  }
}

async function redeem(system: RunningSystem, code: GotCode, known: Acknowledged, on: Switch) {
  const reply = await answered(on, () => tokenRequest(system, code.client, redemption(code)))
  if (reply === undefined) {
    known.openCodes.push(code)
    known.unanswered += 1
    return undefined
  }
  const { access, refresh: first } = tokensIn(reply)
  const family: HeldFamily = { client: code.client, code, refresh: [first], access, revocation: 'none' }
  known.families.push(family)
  return family
}

async function refresh(system: RunningSystem, family: HeldFamily, known: Acknowledged, on: Switch): Promise<boolean> {
  const parameters = { grant_type: 'refresh_token', refresh_token: family.refresh.at(-1) ?? '' }
  const reply = await answered(on, () => tokenRequest(system, family.client, parameters))
  if (reply === undefined) {
    known.unanswered += 1
    return false
  }
  const tokens = tokensIn(reply)
  family.refresh.push(tokens.refresh)
  family.access = tokens.access
  known.refreshes += 1
  return true
}

async function revokeFamily(system: RunningSystem, family: HeldFamily, known: Acknowledged, on: Switch) {
  family.revocation = 'asked'
  const reply = await answered(on, () => revoke(system, family.client, family.refresh.at(-1) ?? ''))
  if (reply?.status !== 200) {
    known.unanswered += 1
    return false
  }
  family.revocation = 'acknowledged'
  return true
}

async function program(system: RunningSystem, known: Acknowledged, on: Switch) {
  while (on.isOn) {
    const parameters = { grant_type: 'client_credentials', resource: system.resources.outside }
    const reply = await answered(on, () => tokenRequest(system, 'nightly', parameters))
    if (reply === undefined) {
      known.unanswered += 1
      return
    }
    const { access } = tokensIn(reply)
    if (randomInt(3) > 0) {
      known.machineTokens.push(access)
      continue
    }
    const revoked = await answered(on, () => revoke(system, 'nightly', access))
    if (revoked?.status !== 200) return
    known.revokedTokens.push(access)
  }
}

function revoke(system: RunningSystem, clientId: string, token: string): Promise<Reply> {
  const { client_secret: secret } = system.client(clientId)
  const body = new URLSearchParams({ token, ...(secret === undefined ? { client_id: clientId } : {}) })
  const authorization = secret === undefined ? undefined : `Basic ${btoa(`${clientId}:${secret}`)}`
  return exchange(`${system.issuer}/revoke`, { method: 'POST', headers: { authorization }, body })
}

/** `undefined` when the system went away under the request; any other trouble is trouble. */
async function answered<T>(on: Switch, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!on.isOn) return undefined
    throw error
  }
}
