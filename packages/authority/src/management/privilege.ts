import type { Caller } from '@sallyport/credentials'
import type { Client } from '../client.ts'
import { holdsManagement } from './client-metadata.ts'
import type { ManagementContext } from './operation.ts'
import { type Problem, problem } from './problem.ts'

/**
 * Keeps a token from making itself, or another client, an administrator: a client that holds management scopes, before
 * or after a change, is touched by the local administrator alone. Without this, whoever may write clients could take
 * the secret of one that may do more.
 *
 * @returns why not, or `undefined`
 */
export function reachesTooFar(
  caller: Pick<Caller, 'clientId' | 'subjectType'>,
  clients: readonly Pick<Client, 'client_id' | 'scopes' | 'resources'>[],
  context: ManagementContext,
): Problem | undefined {
  const local = caller.subjectType === 'client' && caller.clientId === context.localAdministrator
  const held = clients.some(
    client => client.client_id === context.localAdministrator || holdsManagement(client, context.authority.issuer),
  )
  if (local || !held) return undefined
  return problem(
    403,
    'management_not_grantable',
    'Only the local administrator manages clients with management scopes.',
    {
      expected: `the client ${context.localAdministrator}`,
      got: caller.clientId,
      detail: 'Use the command line where the data folder is.',
    },
  )
}
