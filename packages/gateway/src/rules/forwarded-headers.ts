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
  'x-original-address',
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
/** Families of names, whatever their next member is called. */
const droppedPrefixes = [
  'x-forwarded-',
  'x-sallyport-',
  'x-ssl-',
  'ssl-client-',
  'x-client-cert-',
  'x-amzn-mtls-',
  'x-auth-request-',
]

/** Members of the families that are known: what a proxy that strips by name alone is told to strip. */
const knownMembers = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-uri',
  'x-forwarded-method',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-forwarded-client-cert',
  'x-forwarded-ssl',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-auth-request-preferred-username',
  'x-auth-request-access-token',
  'x-auth-request-redirect',
  'x-ssl-cert',
  'x-ssl-client-cert',
  'x-ssl-client-verify',
  'ssl-client-cert',
  'ssl-client-verify',
  'x-client-cert-chain',
  'x-amzn-mtls-clientcert',
  'x-sallyport-secret',
  'x-sallyport-answer',
]

/** Every name that stays outside and is known beforehand. */
export const strippedByName: ReadonlySet<string> = new Set([...hopByHop, ...spoofable, ...knownMembers])

/** Naming these in `Connection` would only hide what the gateway itself must keep (a known way around it). */
const neverNamed: ReadonlySet<string> = new Set(['content-type', 'accept'])

/** What becomes of a header by its name: the name in lower case, or `undefined` when it stays on this side. */
type Fate = (name: string) => string | undefined

const fateInside = remembered(name => {
  const lower = name.toLowerCase()
  const stays = dropped.has(lower) || lower.includes('_') || droppedPrefixes.some(prefix => lower.startsWith(prefix))
  return stays ? undefined : lower
})

/** Whether a header of a request stays outside by its name. */
export function staysOutside(name: string): boolean {
  return fateInside(name) === undefined
}

/**
 * What of a request's headers goes inside, in their order: everything but what belongs to the connection (those named in
 * `Connection` too) and what services believe of a proxy. A name with an underscore is dropped as well: CGI-like servers
 * cannot tell it from one with a hyphen.
 *
 * @see RFC 9110 §7.6.1, RFC 9700 §4.13
 */
export function headersForService(raw: RawHeaders): string[] {
  const kept: string[] = []
  let named: Set<string> | undefined
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    const lower = fateInside(name)
    if (lower !== undefined) kept.push(lower, raw[at + 1] ?? '')
    else if (name.length === connection.length && name.toLowerCase() === connection) named = namesIn(raw[at + 1], named)
  }
  return named === undefined ? kept : kept.filter((_, at) => !named.has(kept[at - (at % 2)] ?? ''))
}

const ofTraces: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage'])

/** Headers with the trace's of our own instead of the caller's, which were judged when the request came in. */
export function continued(headers: RawHeaders, context: Readonly<Record<string, string>>): string[] {
  const others = headers.filter((_text, at) => !ofTraces.has(headers[at - (at % 2)] ?? ''))
  return [...others, ...Object.entries(context).flat()]
}

const connection = 'connection'

/** Who asked, as the service may believe it: the one thing a proxy says instead of all that was taken away (RFC 7239 §4). */
export function forwardedHeader(
  address: string,
  { proto, host }: { readonly proto: string; readonly host: string },
): string {
  return `for=${address.includes(':') ? `"[${address}]"` : address};proto=${proto};host="${host}"`
}

const keptInside: ReadonlySet<string> = new Set([
  ...hopByHop,
  'set-cookie',
  'server',
  'x-powered-by',
  'via',
  'alt-svc',
  'x-request-id',
])

const fateOutside = remembered(name => {
  const lower = name.toLowerCase()
  const stays =
    keptInside.has(lower) ||
    lower.startsWith('access-control-') ||
    lower.startsWith('x-sallyport-') ||
    lower.startsWith('ratelimit')
  return stays ? undefined : lower
})

/** A service's headers, as they were read: a repeated one has several values. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * The headers of an answer that goes outside: the service's, without what is its own or its connection's, and the
 * gateway's `own`, which hold over them. What the answer varies by is what either says (RFC 9110 §12.5.5). No
 * `Set-Cookie`: no cookie goes in, so one coming out would only collide with those of other services on the host. CORS is
 * the gateway's to say.
 *
 * @param own  names in lower case
 * @see RFC 9110 §7.6.1
 */
export function headersForCaller(service: AnswerHeaders, own: Readonly<Record<string, string>>): string[] {
  const named = service.connection === undefined ? undefined : namesIn(service.connection)
  const flat: string[] = []
  for (const name in service) {
    const value = service[name]
    const lower = fateOutside(name)
    if (value === undefined || lower === undefined || named?.has(lower) || own[lower] !== undefined) continue
    if (typeof value === 'string') flat.push(lower, value)
    else for (const one of value) flat.push(lower, one)
  }
  for (const name in own) {
    const value = own[name] ?? ''
    const varies = name === 'vary' && !named?.has(name) ? service.vary : undefined
    flat.push(name, varies === undefined ? value : [varies, value].flat().join(', '))
  }
  return flat
}

/** The names that a `Connection` header gives to its own connection; what only says how long it lasts is none. */
function namesIn(value: string | readonly string[] | undefined, names?: Set<string>): Set<string> | undefined {
  const text = typeof value === 'string' ? value : (value ?? []).join(',')
  if (text === 'keep-alive' || text === 'close') return names
  const all = names ?? new Set<string>()
  for (const part of text.split(',')) {
    const name = part.trim().toLowerCase()
    if (!neverNamed.has(name)) all.add(name)
  }
  return all
}

/** Names are few and come again and again, but callers choose them: so many of at most this length are remembered. */
const maxRemembered = 1_000
const maxRememberedLength = 64

function remembered(judge: Fate): Fate {
  const fates = new Map<string, string | undefined>()
  return name => {
    const known = fates.get(name)
    if (known !== undefined || fates.has(name)) return known
    const fate = judge(name)
    if (fates.size < maxRemembered && name.length <= maxRememberedLength) fates.set(name, fate)
    return fate
  }
}
