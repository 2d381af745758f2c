import type { Caller } from '@sallyport/credentials'
import type { LaggingStore } from '@sallyport/store'
import type { AuthorityContext } from '../context.ts'
import type { Problem } from './problem.ts'
import type { ObjectBody, Schema, ValueOf } from './schema.ts'
import type { ManageScope } from './scopes.ts'

/** One operation of the management API: what OpenAPI says of it, and what it does. */
export interface Operation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/manage`, parameters in braces: `/clients/{client_id}`. */
  readonly path: string
  readonly summary: string
  readonly tag: string
  readonly scope: ManageScope
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: ObjectBody
  /** Whether the body may be left out. */
  readonly bodyOptional?: true
  /** Changes a record that has a version: `If-Match` is required (RFC 9110 §13.1.1, RFC 6585 §3). */
  readonly conditional?: true
  readonly success: { readonly status: 200 | 201 | 204; readonly description: string; readonly schema?: Schema }
  /** Answers that are refusals besides those every operation has. */
  readonly refusals?: readonly Problem['status'][]
  handle(request: ManagementRequest<unknown>, context: ManagementContext): Promise<ManagementAnswer | Problem>
}

export interface ManagementRequest<Body> {
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Body
  /** Members that a merge patch takes away (RFC 7396). */
  readonly removed: readonly string[]
  /** The version that `If-Match` names; `undefined` for `*` or where none is required. */
  readonly version: number | undefined
  readonly caller: Caller
  readonly requestId: string
}

export interface ManagementAnswer {
  readonly body?: Readonly<Record<string, unknown>>
  /** The record's version, sent as `ETag`. */
  readonly version?: number
  readonly location?: string
}

export interface ManagementContext {
  readonly authority: AuthorityContext
  /** The client of whoever holds the data folder: alone it may hand out management scopes. */
  readonly localAdministrator: string
  /** Answers lists whose caller says that they may lag; no other rule of the authority can reach it. */
  readonly lagging: LaggingStore | undefined
}

type Described<B extends ObjectBody | undefined> = Omit<Operation, 'handle' | 'body'> & { readonly body?: B }

/** An operation whose handler sees its body with the schema's own type. */
export function operation<const B extends ObjectBody | undefined = undefined>(
  described: Described<B>,
  handle: (
    request: ManagementRequest<B extends ObjectBody ? ValueOf<B> : undefined>,
    context: ManagementContext,
  ) => Promise<ManagementAnswer | Problem>,
): Operation {
  // The edge hands over a body only after it was judged by this operation's own schema.
  return { ...described, handle } as Operation
}
