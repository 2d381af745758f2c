import type { DpopProof } from '@sallyport/credentials'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import type { Plan } from './issue.ts'
import type { TokenError } from './token-error.ts'
import type { TokenRequest } from './token-request.ts'

/** What a grant judges: the request, who sent it, and the key they proved to have. */
export interface GrantRequest {
  readonly request: TokenRequest
  readonly client: Client
  readonly proof: DpopProof | undefined
}

/** Judges one grant by its ordered rules: a plan, or why not. It uses nothing up. */
export type Grant = (asked: GrantRequest, context: AuthorityContext) => Promise<Plan | TokenError>
