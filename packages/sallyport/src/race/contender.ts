import { type ClientProof, prove } from '../client/token-endpoint.ts'
import type { RaceTarget } from './target.ts'

export type Parameters = Readonly<Record<string, string | undefined>>

/** Who asks, and how many times at once. */
export interface Contender {
  readonly target: RaceTarget
  readonly proof: ClientProof
  readonly parallel: number
}

/** A request of the client that is ready to go, to any endpoint that it proves itself at. */
export interface ReadyRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: URLSearchParams
}

/** One request, with the client's proof in it. */
export async function ready({ target, proof }: Contender, parameters: Parameters): Promise<ReadyRequest> {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.append(name, value)
  const headers = await prove(target.issuer, proof, body)
  return { headers, body }
}

/** As many as go at once, each with a proof of its own. */
export const many = (contender: Contender, parameters: Parameters): Promise<readonly ReadyRequest[]> =>
  Promise.all(Array.from({ length: contender.parallel }, () => ready(contender, parameters)))
