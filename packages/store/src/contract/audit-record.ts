import type { AuditRecord } from '../audit/record.ts'

/** A record of the contract's tests. */
export const record = (target: string): AuditRecord => ({
  at: 1_800_000_000,
  tenant: 'acme',
  actor: 'user_1',
  action: 'token.grant',
  target,
  outcome: 'done',
})
