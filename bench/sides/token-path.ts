import { createInterface } from 'node:readline'

/** What a side of the token path prints when it serves. */
export interface SideSaid {
  readonly issuer: string
  /** Paths. */
  readonly token: string
  readonly introspection: string
  readonly jwks: string
  readonly discovery: string
  readonly secret: string
  readonly redirectUri: string
  /** Resources, by the format of their tokens. */
  readonly opaque: string
  readonly jwt: string
}

export const clientId = 'bench'

/** One for all codes: making it is the client's work. */
export const verifier = 'a'.repeat(43)

/** Answers each number on standard input with a line of that many codes. */
export function onCodesAsked(mint: (count: number) => Promise<readonly string[]>): void {
  createInterface(process.stdin).on('line', line => {
    mint(Number(line)).then(
      codes => process.stdout.write(`${JSON.stringify({ codes })}\n`),
      error => process.stderr.write(`${error}\n`),
    )
  })
}
