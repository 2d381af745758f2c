import { errorCodes } from './error-codes.ts'
import type { GuardRefusal } from './guard-refusal.ts'

/** What a resource says about itself in every challenge. */
export interface ChallengeFacts {
  /** Address of the RFC 9728 document. */
  readonly resourceMetadata: string
  /** All scopes of the operation, separated by spaces; empty for none. */
  readonly scope: string
  /** JWS algorithms accepted in proofs. */
  readonly dpopAlgorithms: string
  /** Only DPoP-bound tokens will do. */
  readonly dpopOnly: boolean
}

/**
 * The `WWW-Authenticate` value of a refusal, or `undefined` where none belongs. A caller that sent nothing learns of
 * every scheme that would do and of no error; one that sent a token gets the challenge of its own scheme.
 *
 * @see RFC 6750 §3 and §3.1, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1; the scope lists all that the operation needs
 */
export function challenge(refusal: GuardRefusal, facts: ChallengeFacts): string | undefined {
  const code = errorCodes[refusal.refused]
  if (code.status === 503 || code.status === 404) return undefined
  if (code.status === 403 && refusal.refused !== 'insufficient_scope') return undefined
  const error = 'error' in code ? code.error : undefined
  const shared: [string, string][] = []
  if (error !== undefined) shared.push(['error', error], ['error_description', `${code.title} ${code.hint}`])
  if (facts.scope !== '') shared.push(['scope', facts.scope])
  if (refusal.acr_values !== undefined) shared.push(['acr_values', refusal.acr_values])
  if (refusal.max_age !== undefined) shared.push(['max_age', String(refusal.max_age)])
  shared.push(['resource_metadata', facts.resourceMetadata])
  const bearer = `Bearer ${parameters(shared)}`
  const dpop = `DPoP ${parameters([...shared, ['algs', facts.dpopAlgorithms]])}`
  if (refusal.refused === 'dpop_required' || facts.dpopOnly || refusal.scheme === 'DPoP') return dpop
  if (refusal.refused === 'unbound') return `${dpop}, ${bearer}`
  return refusal.scheme === 'Bearer' ? bearer : `${bearer}, ${dpop}`
}

function parameters(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}="${quotable(value)}"`).join(', ')
}

/** The characters RFC 6750 §3 allows in `error_description` and `scope`; others would break the header. */
function quotable(text: string): string {
  return text
    .replaceAll('’', "'")
    .replaceAll('"', "'")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '')
}
