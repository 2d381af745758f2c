import { type RawHeaders, staysOutside, strippedByName } from './forwarded-headers.ts'

/** What the decision itself says to the service; a caller's header of that name is replaced by it. */
const said: ReadonlySet<string> = new Set(['forwarded', 'x-request-id'])

/** What a proxy says to its service on its own account, or about its own connection. */
const ofTheProxy = new Set(['host', 'content-length', 'connection', 'keep-alive', 'te', 'transfer-encoding', 'via'])

/**
 * The headers of a request that Envoy must take away before it passes the request on: those that stay outside by the same
 * rule that the built-in proxy follows, but for what the decision or Envoy itself says instead.
 *
 * @param raw  all headers of the request
 * @param authorized  whether the decision puts its own `Authorization` there
 */
export function headersToRemove(raw: RawHeaders, authorized: boolean): string {
  const names = new Set<string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (!staysOutside(name) || said.has(name) || ofTheProxy.has(name)) continue
    if (name === 'authorization' && authorized) continue
    names.add(name)
  }
  return [...names].join(',')
}

/**
 * A header of a request that a proxy which can only strip headers by name would let through to its service: a member of a
 * family that services believe, or a name with an underscore. The one safe answer is to refuse the request.
 */
export function unstrippable(raw: RawHeaders): string | undefined {
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    if (staysOutside(name) && !strippedByName.has(name.toLowerCase())) return name
  }
  return undefined
}
