/** The parts of a `Host` header or an authority. An IPv6 address keeps its brackets. */
export interface Host {
  /** Lower case. */
  readonly hostname: string
  readonly port: number | undefined
}

const name = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/
const ipv6 = /^\[[0-9a-f:.]{2,45}\]$/

/**
 * Reads a `Host` header, strictly: a registered name or address with at most a port, nothing else. A final dot, user
 * info, percent-encoding, white space and lists give `undefined`.
 *
 * @see RFC 9110 §7.2, RFC 3986 §3.2.2
 */
export function parseHost(header: string | undefined): Host | undefined {
  if (header === undefined || header.length > 261) return undefined
  const match = /^(?<hostname>\[[^\]]*\]|[^:[\]]*)(?::(?<port>\d{1,5}))?$/.exec(header.toLowerCase())
  const hostname = match?.groups?.hostname
  if (hostname === undefined || hostname.length > 253) return undefined
  if (!name.test(hostname) && !(ipv6.test(hostname) && URL.canParse(`http://${hostname}`))) return undefined
  const digits = match?.groups?.port
  const port = digits === undefined ? undefined : Number(digits)
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { hostname, port }
}
