/** Headers as the wire had them: name, value, name, value. */
export type RawHeaders = readonly string[]

/** Of one connection only (RFC 9110 §7.6.1), or answered by the gateway itself. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]

/** What a service behind would believe because its proxy said so; only the gateway says it. */
const spoofable = [
  'authorization',
  'dpop',
  'cookie',
  'host',
  'content-length',
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-request-id',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-original-method',
  'x-rewrite-url',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-remote-user',
  'remote-user',
  'x-authenticated-user',
  'x-user',
  // A certificate that TLS proved is named by the gateway alone (RFC 9440 §2.4, RFC 9700 §4.13).
  'client-cert',
  'client-cert-chain',
  'x-client-cert',
  'x-arr-clientcert',
]

const dropped: ReadonlySet<string> = new Set([...hopByHop, ...spoofable])
const droppedPrefixes = [
  'x-forwarded-',
  'x-sallyport-',
  'x-ssl-',
  'ssl-client-',
  'x-client-cert-',
  'x-amzn-mtls-',
  'x-auth-request-',
]

/**
 * What of a request's headers goes inside: everything but what belongs to the connection (those named in `Connection`
 * too) and what services believe of a proxy. A name with an underscore is dropped as well: CGI-like servers cannot tell
 * it from one with a hyphen.
 *
 * @see RFC 9110 §7.6.1, RFC 9700 §4.13
 */
export function headersForService(raw: RawHeaders): string[] {
  const connection = connectionOptions(raw)
  const kept: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    const lower = name.toLowerCase()
    if (dropped.has(lower) || connection.has(lower) || lower.includes('_')) continue
    if (droppedPrefixes.some(prefix => lower.startsWith(prefix))) continue
    kept.push(lower, raw[at + 1] ?? '')
  }
  return kept
}

const keptInside: ReadonlySet<string> = new Set([...hopByHop, 'set-cookie', 'server', 'x-powered-by', 'via', 'alt-svc'])

/**
 * What of an answer's headers goes outside. No `Set-Cookie`: no cookie goes in, so one coming out would only collide with
 * those of other services on the host. CORS is the gateway's to say.
 */
export function headersForCaller(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const connection = new Set(namesIn(headers.connection))
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (value === undefined || keptInside.has(lower) || connection.has(lower)) continue
    if (lower.startsWith('access-control-') || lower.startsWith('x-sallyport-') || lower.startsWith('ratelimit'))
      continue
    kept[lower] = value
  }
  return kept
}

function connectionOptions(raw: RawHeaders): ReadonlySet<string> {
  const names = new Set<string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === 'connection') for (const name of namesIn(raw[at + 1])) names.add(name)
  }
  // Naming these would only hide what the gateway itself must keep (a known way around it).
  for (const name of ['content-type', 'accept', 'x-request-id']) names.delete(name)
  return names
}

function namesIn(value: string | readonly string[] | undefined): readonly string[] {
  const text = typeof value === 'string' ? value : (value ?? []).join(',')
  return text.split(',').map(name => name.trim().toLowerCase())
}
