import type { Stored } from '@sallyport/store'
import { auditAct } from './audit-act.ts'
import type { ManagementAnswer, ManagementContext, ManagementRequest } from './operation.ts'
import { notFound, type Problem, problem } from './problem.ts'

/** A change of one record that must be based on what is there. */
export interface VersionedWrite<V> {
  readonly kind: string
  readonly id: string
  /** What the record becomes, or why it cannot. */
  next(before: V): Promise<V | Problem>
  index: ((value: V) => Readonly<Record<string, string>>) | undefined
  /** The audit trail's word for it. */
  readonly action: string
  /** What must follow a change, before the answer. */
  after?(value: V, before: V): Promise<void> | undefined
  show(value: V): Readonly<Record<string, unknown>>
}

/**
 * Writes a record over the version that `If-Match` names. Whoever comes second gets 412 and looks again; nobody's change is
 * lost (RFC 9110 §13.1.1).
 */
export async function writeVersioned<V extends object>(
  request: ManagementRequest<unknown>,
  context: ManagementContext,
  write: VersionedWrite<V>,
): Promise<ManagementAnswer | Problem> {
  const { store } = context.authority
  const stored = await store.peek<V>(write.kind, write.id)
  if (stored === undefined || stored.usedAt !== undefined) return notFound(write.kind, write.id)
  if (request.version !== undefined && request.version !== stored.version)
    return changedMeanwhile(stored.version, request.version)
  const value = await write.next(stored.value)
  if (isProblem(value)) return value
  const index = write.index?.(value)
  const record = { kind: write.kind, key: write.id, value, ...(index === undefined ? {} : { index }) }
  const result = await store.commit([{ replace: record, version: stored.version }])
  const now = await store.peek<V>(write.kind, write.id)
  if ('conflict' in result) return changedMeanwhile(now?.version ?? 0, stored.version)
  await write.after?.(value, stored.value)
  await auditAct(context, request, write.action, write.id)
  return { body: write.show(value), ...(now === undefined ? {} : { version: now.version }) }
}

/** The answer for a record that is there, or 404. */
export function notFoundOr<V>(
  stored: Stored<V> | undefined,
  what: string,
  params: Readonly<Record<string, string>>,
  show: (stored: Stored<V>) => ManagementAnswer,
): ManagementAnswer | Problem {
  return stored === undefined || stored.usedAt !== undefined
    ? notFound(what, Object.values(params)[0] ?? '')
    : show(stored)
}

export const isProblem = (value: object): value is Problem => 'status' in value && 'code' in value && 'title' in value

const changedMeanwhile = (expected: number, got: number): Problem =>
  problem(412, 'changed_meanwhile', 'It was changed since it was read.', {
    expected: `If-Match: "${expected}"`,
    got: `"${got}"`,
    detail: 'Read it again and repeat the change.',
  })
