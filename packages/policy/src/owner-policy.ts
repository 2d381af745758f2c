import { fileURLToPath } from 'node:url'
import type { PolicyEngine } from './decision.ts'
import { embeddedPolicy } from './embedded.ts'
import type { EngineOptions } from './engine.ts'
import { readPolicyDirectory } from './policy-directory.ts'

/**
 * The guard's default for door two, from `policies/owner`: allow when the scope fits and the object's `owner` is the
 * subject (with `owner_type: 'client'` for a machine's object); another's object is `not_yours`. A route without an
 * object (`resource.type` is `collection`) is decided by its scope.
 */
export async function ownerPolicy(options: EngineOptions = {}): Promise<PolicyEngine> {
  const directory = fileURLToPath(new URL('../../../policies/owner', import.meta.url))
  return embeddedPolicy({ ...(await readPolicyDirectory(directory)), ...options, entrypoint: 'owner/decision' })
}
