import type { ManagementContext, ManagementRequest } from './operation.ts'

/** Writes an administrator's act (`noun.verb`) into the audit trail; the answer waits until it is on disk. */
export function auditAct(
  context: ManagementContext,
  request: ManagementRequest<unknown>,
  action: string,
  target: string,
  detail?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { authority } = context
  return authority.audit({
    at: authority.now(),
    tenant: authority.tenant,
    actor: request.caller.subject,
    action,
    target,
    outcome: 'done',
    request_id: request.requestId,
    detail: { client_id: request.caller.clientId, ...detail },
  })
}
