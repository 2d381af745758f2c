/** What a race needs to know of a peer. */
export interface Raced {
  readonly issuer: string
  readonly tokenEndpoint: string
  /** Of its client `web`, by HTTP Basic. */
  readonly secret: string
  readonly verifier: string
  readonly redirectUri: string
  /** Of `web`, each from a sign-in or grant of its own. */
  readonly codes: readonly string[]
}
