import type { FastifyRequest } from 'fastify'
import { freshSeconds } from '../interaction.ts'
import type { SignedIn } from '../sessions.ts'
import type { Answer } from './answer.ts'
import { beginSignIn } from './begin-sign-in.ts'
import type { VisitHandler } from './front-handler.ts'
import type { Visit } from './visit.ts'

export type AccountHandler = (visit: Visit, signedIn: SignedIn, request: FastifyRequest) => Promise<Answer>

/** Sends whoever is not signed in to sign in first, and then to `path`. */
export function signedInOnly(path: string, handler: AccountHandler): VisitHandler {
  return (visit, request) =>
    visit.signedIn === undefined ? toSignIn(visit, path, false) : handler(visit, visit.signedIn, request)
}

/** As `signedInOnly`, and the sign-in must be recent: a browser left alone must not change how its owner signs in. */
export function recentOnly(path: string, handler: AccountHandler): VisitHandler {
  return (visit, request) => {
    const { signedIn, context } = visit
    const recent = signedIn !== undefined && context.now() - signedIn.session.auth_time <= freshSeconds
    return recent ? handler(visit, signedIn, request) : toSignIn(visit, path, true)
  }
}

async function toSignIn(visit: Visit, path: string, fresh: boolean): Promise<Answer> {
  const interaction = await beginSignIn(visit, { kind: 'visit', path, fresh })
  if (!('id' in interaction)) return interaction
  return { see: `${visit.site.base}/sign-in?login=${interaction.id}` }
}

/** What a person did to their own account. */
export async function auditAccount(visit: Visit, actor: string, action: string, target: string): Promise<void> {
  const { context, requestId } = visit
  await context.audit({
    at: context.now(),
    tenant: context.tenant,
    actor,
    action,
    target,
    outcome: 'done',
    request_id: requestId,
  })
}
