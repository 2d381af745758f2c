import type { GotCode } from '../code-flow.ts'

/** A sign-in of somebody at a client, as the client knows it. */
export interface HeldFamily {
  readonly client: string
  readonly code: GotCode
  /** Refresh tokens, each the answer to the one before. */
  readonly refresh: string[]
  /** The newest access token, opaque. */
  access: string
  /** `asked`: the revocation was sent and nothing came back. */
  revocation: 'none' | 'asked' | 'acknowledged'
}

/** What the system said before it was killed, and what it was asked and said nothing to. */
export interface Acknowledged {
  readonly families: HeldFamily[]
  /** Codes whose redemption got no answer. */
  readonly openCodes: GotCode[]
  readonly machineTokens: string[]
  readonly revokedTokens: string[]
  /** Proofs whose token request was answered with a token: `DPoP` headers. */
  readonly usedProofs: string[]
  /** Proofs whose request got no answer. */
  readonly openProofs: string[]
  refreshes: number
  unanswered: number
}

export const nothingAcknowledged = (): Acknowledged => ({
  families: [],
  openCodes: [],
  machineTokens: [],
  revokedTokens: [],
  usedProofs: [],
  openProofs: [],
  refreshes: 0,
  unanswered: 0,
})
