import { callJson, refusedBy } from '../client/call.ts'
import { CommandFailure } from '../command-line/command.ts'
import { type Contender, many, type Parameters, ready } from './contender.ts'
import type { Contest, LeftOut } from './contest.ts'
import { raceForTokens } from './token-race.ts'

const kind = 'device code'

/** A device code, and what its user needs to approve it (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  readonly deviceCode: string
  readonly userCode: string
  /** Where the user goes: with the user code in it, where the server gives such an address. */
  readonly verificationUri: string
}

/**
 * Asks for a device code, which a user has to approve before it can be raced for (RFC 8628 §3.1).
 *
 * @throws CommandFailure with the server's own words
 */
export async function askForDeviceCode(
  contender: Contender,
  asked: Parameters,
): Promise<DeviceAuthorization | LeftOut> {
  const endpoint = contender.target.deviceAuthorizationEndpoint
  if (endpoint === undefined) return { kind, why: 'the metadata names no device_authorization_endpoint (RFC 8628 §4)' }
  const { headers, body } = await ready(contender, asked)
  const answer = await callJson(endpoint, { method: 'POST', headers, body })
  const { device_code: deviceCode, user_code: userCode, verification_uri: plain } = answer.body
  const { verification_uri_complete: complete } = answer.body
  if (typeof deviceCode !== 'string' || typeof userCode !== 'string') throw refusedBy(answer, 'The device request')
  return { deviceCode, userCode, verificationUri: String(complete ?? plain) }
}

/**
 * One device code that its user approved, redeemed by all. RFC 8628 has no sentence that it works once, as RFC 6749 §4.1.2 has
 * of a code. But the tokens are what the request of §3.4 is for and the session ends with them, so one is to win.
 *
 * @throws CommandFailure when the server says to all that nobody approved it yet (§3.5)
 */
export async function raceForDeviceCode(contender: Contender, deviceCode: string): Promise<Contest> {
  const parameters = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode }
  const contest = await raceForTokens(kind, contender.target, await many(contender, parameters))
  if (Object.keys(contest.answers).every(said => /authorization_pending|slow_down/.test(said)))
    throw new CommandFailure({
      failed: 'refused',
      code: 'authorization_pending',
      message: 'The device code was raced for, but no user approved it yet.',
      hint: 'Approve it first, at the address that came with it; then race for it.',
    })
  return contest
}
