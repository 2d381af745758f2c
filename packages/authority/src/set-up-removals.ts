import type { Write } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'
import { listAll } from './listed.ts'

/**
 * Ends the unused set-up codes of an account: a forgotten link must not change how its owner has chosen to sign in since.
 *
 * @param except  the key of a code that is being taken
 * @returns the writes that do it
 */
export async function setUpRemovals(
  account: string,
  context: Pick<AuthorityContext, 'store'>,
  except?: string,
): Promise<readonly Write[]> {
  const unused = await listAll('set-up', ['account', account], context)
  return unused.filter(({ key }) => key !== except).map(({ key }) => ({ remove: { kind: 'set-up', key } }))
}
