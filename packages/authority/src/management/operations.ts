import type { Operation } from './operation.ts'
import { clientOperations } from './operations/clients.ts'
import { grantOperations } from './operations/grants.ts'
import { keyOperations } from './operations/keys.ts'
import { resourceOperations } from './operations/resources.ts'
import { tokenOperations } from './operations/tokens.ts'
import { userOperations } from './operations/users.ts'

/** Everything that the management API can do. */
export const operations: readonly Operation[] = [
  ...clientOperations,
  ...resourceOperations,
  ...userOperations,
  ...keyOperations,
  ...grantOperations,
  ...tokenOperations,
]
