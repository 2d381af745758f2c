import { clientAssertionType, createClientAssertion, importPrivateJwk, signNow } from '@sallyport/credentials'
import { nowSeconds, randomText, redemption, tokenRequest } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import type { RunningSystem } from '../system.ts'
import type { Acknowledged, HeldFamily } from './acknowledged.ts'
import { provenRequest } from './load.ts'

/** What should not be there; each line says what was acknowledged and what was found. */
export interface Findings {
  readonly lost: string[]
  readonly usedTwice: string[]
}

/** Holds the restarted system to what it acknowledged before it was killed. */
export async function verify(system: RunningSystem, known: Acknowledged, findings: Findings): Promise<void> {
  // First, since a proof is refused for its age after a minute.
  for (const proof of known.usedProofs)
    if ((await provenRequest(system, proof)).status === 200) findings.usedTwice.push('a proof that was accepted')
  for (const proof of known.openProofs) {
    const both = [await provenRequest(system, proof), await provenRequest(system, proof)]
    if (both.every(({ status }) => status === 200)) findings.usedTwice.push('a proof whose request got no answer')
  }
  for (const family of known.families) await verifyFamily(system, family, findings)
  for (const token of known.machineTokens)
    if (!(await isActive(system, token))) findings.lost.push('an access token that was given is not active')
  for (const token of known.revokedTokens)
    if (await isActive(system, token)) findings.lost.push('the revocation of an access token')
  for (const code of known.openCodes) {
    const first = await tokenRequest(system, code.client, redemption(code))
    const second = await tokenRequest(system, code.client, redemption(code))
    if (first.status === 200 && second.status === 200) findings.usedTwice.push('a code whose redemption got no answer')
  }
  // A used code ends its family, so this comes last.
  for (const { client, code } of known.families) {
    const again = await tokenRequest(system, client, redemption(code))
    if (again.status === 200) findings.usedTwice.push('a code whose redemption was acknowledged')
  }
}

async function verifyFamily(system: RunningSystem, family: HeldFamily, findings: Findings): Promise<void> {
  const [before, last] = family.refresh.slice(-2)
  const newest = last ?? before ?? ''
  if (family.revocation === 'asked') return
  if (family.revocation === 'acknowledged') {
    if ((await use(system, family, newest)).status === 200) findings.lost.push('the revocation of a family')
    if (await isActive(system, family.access)) findings.lost.push('the revocation of a family, to introspection')
    return
  }
  if (!(await isActive(system, family.access))) findings.lost.push('an access token of a family is not active')
  const next = await use(system, family, newest)
  if (next.status !== 200) findings.lost.push(`the newest refresh token of a family: ${next.text}`)
  if (last === undefined || next.status !== 200) return
  // Inside the window an older token is answered with the current one: a second successor would be another.
  const older = await use(system, family, before ?? '')
  if (older.status === 200 && older.json.refresh_token !== next.json.refresh_token)
    findings.usedTwice.push('a refresh token, which has two successors')
}

const use = (system: RunningSystem, family: HeldFamily, token: string) =>
  tokenRequest(system, family.client, { grant_type: 'refresh_token', refresh_token: token })

async function isActive(system: RunningSystem, token: string): Promise<boolean> {
  const key = importPrivateJwk(system.client('gateway').private_jwk, 'ES256')
  if ('refused' in key) throw new Error(`the gateway's key was refused: ${key.got}`)
  const assertion = { clientId: 'gateway', issuer: system.issuer, key, nowSeconds: nowSeconds(), jti: randomText() }
  const client_assertion = await createClientAssertion(assertion, signNow)
  const body = new URLSearchParams({ token, client_assertion_type: clientAssertionType, client_assertion })
  const { status, json, text } = await exchange(`${system.issuer}/introspect`, { method: 'POST', body })
  if (status !== 200) throw new Error(`introspection failed: ${status} ${text}`)
  return json.active === true
}

/** Every acknowledged grant and revocation of an opaque token is in the audit trail, whose lines are given. */
export function verifyTrail(lines: Iterable<string>, all: readonly Acknowledged[], findings: Findings): void {
  const told = new Set<string>()
  for (const line of lines) {
    if (line === '') continue
    const { action, target, detail } = JSON.parse(line)
    if (action === 'token.grant') told.add(`given ${detail?.jti}`)
    if (action === 'token.revoke') told.add(`revoked ${target}`)
  }
  const jti = (token: string): string => token.slice('sp_at_'.length, 'sp_at_'.length + 20)
  for (const { families, machineTokens, revokedTokens } of all) {
    const given = [...families.map(({ access }) => access), ...machineTokens, ...revokedTokens]
    for (const token of given) if (!told.has(`given ${jti(token)}`)) findings.lost.push('the audit record of a grant')
    for (const token of revokedTokens)
      if (!told.has(`revoked ${jti(token)}`)) findings.lost.push('the audit record of a revocation')
  }
}
