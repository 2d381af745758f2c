import type { MaybePromise } from '@sallyport/store'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'

/**
 * The registered client, or `undefined`. A disabled one is shown with `disabled: true`: whoever issues something refuses it.
 * Whatever cannot be a `client_id` (RFC 6749 Appendix A.1: VSCHAR; ours are at most 256 characters) is unknown.
 */
export function findClient(
  context: Pick<AuthorityContext, 'store'>,
  clientId: string,
): MaybePromise<Client | undefined> {
  if (!/^[\x20-\x7e]{1,256}$/.test(clientId)) return undefined
  return context.store.registered<Client>('client', clientId)
}
