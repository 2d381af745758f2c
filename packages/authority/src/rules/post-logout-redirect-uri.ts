import type { Client } from '../client.ts'

/** Where to go after sign-out: registered, byte for byte (RP-Initiated Logout §3); `state` is added. */
export function judgePostLogoutRedirect(
  sent: string | undefined,
  client: Pick<Client, 'post_logout_redirect_uris'> | undefined,
  state: string | undefined,
): { readonly location?: string } | { readonly refused: 'post_logout_redirect_mismatch' } {
  if (sent === undefined) return {}
  if (client === undefined || !client.post_logout_redirect_uris.includes(sent) || !URL.canParse(sent)) {
    return { refused: 'post_logout_redirect_mismatch' }
  }
  if (state === undefined) return { location: sent }
  return { location: `${sent}${sent.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}` }
}
