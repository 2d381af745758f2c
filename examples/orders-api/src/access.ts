import type { Caller } from '@sallyport/guard'
import {
  decisionLog,
  embeddedSource,
  type ListFilter,
  listFilter,
  type PolicyEngine,
  type PolicyFailure,
  type PolicyInput,
  policyEngine,
  readPolicyDirectory,
  sidecarSource,
} from '@sallyport/policy'

export interface AccessOptions {
  /** The directory with the orders policy, such as policies/orders. */
  readonly policyDirectory: string
  /** An OPA that serves that same directory: `unix:/path`, or `http://127.0.0.1:8181`. Without it the policy is embedded. */
  readonly opa: string | undefined
  /** Receives one NDJSON line for each decision. */
  readonly sink: (line: string) => void
  readonly onFailure: (failure: PolicyFailure) => void
}

/** Door two of this service: its decisions for the guard, and its filter for our own queries. */
export interface Access {
  readonly engine: PolicyEngine
  /** Whose orders this caller's list or batch may hold. */
  seen(caller: Caller, question: ListQuestion): ListFilter | Promise<ListFilter>
  close(): Promise<void>
}

export interface ListQuestion {
  readonly action: 'list' | 'read_batch'
  readonly method: string
  readonly route: string
  readonly requestId: string
}

export async function openAccess(options: AccessOptions): Promise<Access> {
  const policy = await readPolicyDirectory(options.policyDirectory)
  const sidecar =
    options.opa === undefined ? undefined : sidecarSource({ address: options.opa, revision: policy.revision })
  const source = sidecar ?? (await embeddedSource(policy))
  const engine = policyEngine(source, 'orders/decision', options)
  const filter = listFilter(source, 'orders/filter', options)
  return {
    engine: decisionLog(engine, { ...options, timestamp: () => new Date().toISOString() }),
    seen: (caller, question) => filter(listInput(caller, question)),
    close: async () => sidecar?.close(),
  }
}

function listInput(caller: Caller, { action, method, route, requestId }: ListQuestion): PolicyInput {
  return {
    subject: {
      type: caller.subjectType,
      id: caller.subject,
      properties: {
        client_id: caller.clientId,
        scopes: [...caller.scopes],
        roles: caller.roles,
        sender: caller.sender.kind,
      },
    },
    action: { name: action, properties: { method, route, scope: 'read:orders' } },
    resource: { type: 'collection', id: 'orders' },
    context: { now: Math.floor(Date.now() / 1000), request_id: requestId },
  }
}
