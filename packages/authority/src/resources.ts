import type { MaybePromise } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'
import type { Resource } from './resource.ts'

/** The registered API with this identifier, compared byte for byte (RFC 8707 §2), or `undefined`. */
export function findResource(
  context: Pick<AuthorityContext, 'store'>,
  identifier: string,
): MaybePromise<Resource | undefined> {
  if (!/^[\x21-\x7e]{1,2048}$/.test(identifier)) return undefined
  return context.store.registered<Resource>('resource', identifier)
}

/** Every registered API, in the order of their identifiers. */
export async function listResources(context: Pick<AuthorityContext, 'store'>): Promise<readonly Resource[]> {
  const resources: Resource[] = []
  let after: string | undefined
  do {
    const page = await context.store.list<Resource>('resource', {
      limit: 200,
      ...(after === undefined ? {} : { after }),
    })
    for (const { value } of page.records) resources.push(value)
    after = page.next
  } while (after !== undefined)
  return resources
}
