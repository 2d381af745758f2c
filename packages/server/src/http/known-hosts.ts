import { parseHost } from './host.ts'

/** How many spellings of our names (case, port) are remembered; the oldest goes. */
const maxSpellings = 64

/**
 * Which `Host` headers name a listener. Reading one is a rule of several steps, and nearly every request brings the same
 * one, so headers that were found to be ours are remembered as they stood.
 *
 * @param names  host names, an IPv6 address in brackets; ports are not compared
 * @throws RangeError for a name that no `Host` could be
 */
export function knownHosts(names: readonly string[]): (header: string | undefined) => boolean {
  const hosts = new Set(names.map(name => parseHost(name)?.hostname ?? unusable(name)))
  const seen = new Set<string>()
  let last: string | undefined
  return header => {
    if (header === undefined) return false
    if (header === last || seen.has(header)) {
      last = header
      return true
    }
    const host = parseHost(header)
    if (host === undefined || !hosts.has(host.hostname)) return false
    seen.add(header)
    const [oldest] = seen
    if (seen.size > maxSpellings && oldest !== undefined) seen.delete(oldest)
    return true
  }
}

function unusable(name: string): never {
  throw new RangeError(`${JSON.stringify(name)} is not a host name (an IPv6 address needs brackets)`)
}
