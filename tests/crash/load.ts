import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { generateSigningKey } from '@sallyport/credentials'
import { type GotCode, getCode, proofOf, redemption, tokenRequest, tokensIn } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { exchange, type Reply } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'
import type { UserAgent } from '../user-agent.ts'
import type { Acknowledged, HeldFamily } from './acknowledged.ts'

const scope = 'openid offline_access read:orders'
const clients = ['spa', 'web-app']
const refreshesMax = 4
const peoples = 6
const leastLoadMs = 60
const mostLoadMs = 600
const afterKillMs = 50

/** Whether requests go on; the lanes look at it between two of them. */
export interface Switch {
  isOn: boolean
  /** Whether an answer may be missing, or be that something is away. */
  mayFail: boolean
}

/** Signs in once, as somebody does in the morning; the session outlives every kill, and consent is remembered. */
export async function signIn(system: RunningSystem, agent: UserAgent): Promise<void> {
  for (const client of clients) await getCode(system, { ...asked(system, agent), client })
}

/**
 * People who get codes, redeem, refresh and revoke, and programs that get tokens and revoke them, as fast as answers come.
 * Resolves when the system has gone or the switch is off; what was acknowledged is in `known`, whatever happened after.
 */
async function load(system: RunningSystem, agent: UserAgent, known: Acknowledged, on: Switch): Promise<void> {
  const people = Array.from({ length: peoples }, (_, nth) =>
    person(system, agent, clients[nth % clients.length] ?? 'spa', known, on),
  )
  const programs = Array.from({ length: 4 }, () => program(system, known, on))
  const provers = Array.from({ length: 2 }, () => prover(system, known, on))
  await Promise.all([...people, ...programs, ...provers])
}

/**
 * Has the system work for a random while, and then `kill` do what it does to it, with requests on their way.
 *
 * @param mayDie  nobody kills before it is so
 */
export async function atWork(
  system: RunningSystem,
  agent: UserAgent,
  known: Acknowledged,
  mayDie: () => boolean,
  kill: () => Promise<void>,
): Promise<void> {
  const on = { isOn: true, mayFail: false }
  const end = async (): Promise<void> => {
    await wait(randomInt(leastLoadMs, mostLoadMs))
    await eventually(mayDie, 'something of each kind is acknowledged')
    on.mayFail = true
    await kill()
    // Whoever is not told of it goes on, and meets what is away.
    await wait(afterKillMs)
    on.isOn = false
  }
  await Promise.all([load(system, agent, known, on), end()])
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

/** A program whose tokens are bound to a key: each request has a proof of its own (RFC 9449). */
async function prover(system: RunningSystem, known: Acknowledged, on: Switch) {
  const key = generateSigningKey('ES256')
  while (on.isOn) {
    const proof = proofOf(key, { htm: 'POST', htu: `${system.issuer}/token` })
    const reply = await answered(on, () => provenRequest(system, proof))
    if (reply === undefined) {
      known.openProofs.push(proof)
      known.unanswered += 1
      return
    }
    tokensIn(reply)
    known.usedProofs.push(proof)
  }
}

/** A token request that comes with a proof. */
export const provenRequest = (system: RunningSystem, proof: string): Promise<Reply> =>
  tokenRequest(
    system,
    'nightly',
    { grant_type: 'client_credentials', resource: system.resources.outside },
    { dpop: proof },
  )

function revoke(system: RunningSystem, clientId: string, token: string): Promise<Reply> {
  const { client_secret: secret } = system.client(clientId)
  const body = new URLSearchParams({ token, ...(secret === undefined ? { client_id: clientId } : {}) })
  const authorization = secret === undefined ? undefined : `Basic ${btoa(`${clientId}:${secret}`)}`
  return exchange(`${system.issuer}/revoke`, { method: 'POST', headers: { authorization }, body })
}

/** `undefined` when the system, or what it stands on, went away under the request; any other trouble is trouble. */
async function answered<T extends object>(on: Switch, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    const answer = await ask()
    return on.mayFail && 'status' in answer && Number(answer.status) >= 500 ? undefined : answer
  } catch (error) {
    if (on.mayFail) return undefined
    throw error
  }
}
