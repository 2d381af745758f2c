import type { Page, Stored } from '@sallyport/store'
import type { ManagementAnswer, ManagementContext } from './operation.ts'
import { type Problem, problem } from './problem.ts'
import type { Schema } from './schema.ts'

/** The query of every list. */
export const pageQuery = {
  limit: { type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'Records a page' },
  after: { type: 'string', minLength: 1, maxLength: 1600, description: 'The `next` of the page before' },
  may_lag: {
    type: 'boolean',
    default: false,
    description: 'Whether it may come from a replica, where there is one, and be up to a minute old',
  },
} as const satisfies Readonly<Record<string, Schema>>

/**
 * One page of records as the API shows them; `next` is opaque, and absent on the last page. Whoever lists sees what was
 * done before, by whomever, unless the query says that it may lag (docs/decisions/0026).
 */
export async function listPage<V>(
  { authority, lagging }: Pick<ManagementContext, 'authority' | 'lagging'>,
  kind: string,
  query: Readonly<Record<string, string>>,
  show: (stored: Stored<V>) => Readonly<Record<string, unknown>>,
  index?: readonly [string, string],
): Promise<ManagementAnswer | Problem> {
  const after = query.after === undefined ? undefined : Buffer.from(query.after, 'base64url').toString('utf8')
  if (after === '')
    return problem(400, 'invalid_query', 'after is not a page.', { expected: 'the next of the page before' })
  const page: Page = {
    limit: Number(query.limit ?? pageQuery.limit.default),
    ...(after === undefined ? {} : { after }),
    ...(index === undefined ? {} : { index }),
  }
  const { records, next } =
    query.may_lag === 'true' && lagging !== undefined
      ? await lagging.listLagging<V>(kind, page)
      : await authority.store.list<V>(kind, page)
  const body = {
    items: records.map(show),
    ...(next === undefined ? {} : { next: Buffer.from(next, 'utf8').toString('base64url') }),
  }
  return { body }
}

/** The schema of a page of such items. */
export const pageOf = (items: Schema) =>
  ({
    type: 'object',
    properties: { items: { type: 'array', items, maxItems: 200 }, next: { type: 'string' } },
    required: ['items'],
    additionalProperties: false,
  }) as const satisfies Schema
