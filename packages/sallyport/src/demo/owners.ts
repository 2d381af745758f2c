import { type AuthorityContext, findAccountByUsername } from '@sallyport/authority'
import { demoUsers } from './users.ts'

/** Subjects by username, for the orders that the demo begins with. */
export async function ownersOf(context: AuthorityContext): Promise<Readonly<Record<string, string>>> {
  const accounts = await Promise.all(demoUsers.map(({ username }) => findAccountByUsername(context, username)))
  return Object.fromEntries(
    accounts.flatMap(account => (account === undefined ? [] : [[account.username, account.id]])),
  )
}
