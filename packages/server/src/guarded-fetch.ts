import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { createRequire } from 'node:module'
import { isIP, type LookupFunction } from 'node:net'
import type * as Undici from 'undici'
import { isSpecialUse } from './special-use-addresses.ts'

export type FetchRefusalReason =
  | 'address_refused'
  | 'scheme_refused'
  | 'url_malformed'
  | 'redirect_refused'
  | 'answer_too_large'
  | 'too_slow'
  | 'unreachable'

/** Why something was not fetched. `host` is named so that an operator can open it; nothing of the answer is in it. */
export class FetchRefused extends Error {
  override readonly name = 'FetchRefused'
  readonly refused: FetchRefusalReason
  readonly host: string
  readonly expected: string
  readonly got: string
  readonly hint: string

  constructor(refused: FetchRefusalReason, host: string, expected: string, got: string, hint: string, cause?: unknown) {
    super(`${host}: ${got}; expected ${expected}. ${hint}`, { cause })
    this.refused = refused
    this.host = host
    this.expected = expected
    this.got = got
    this.hint = hint
  }
}

/** How much of a redirect's body is read before its connection is given up. */
const redirectBodyBytes = 16_384

/** Required where it is used: most processes fetch nothing that others name. */
const undici = (): typeof Undici => createRequire(import.meta.url)('undici')

type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

export interface GuardedFetchOptions {
  /** Host names (`keycloak.internal`) or hosts with their port that an operator opened, whatever their address and scheme. */
  readonly allowedHosts?: readonly string[]
  /** Largest answer, in bytes. Default 1 MiB. */
  readonly maxBytes?: number
  /** For the whole exchange, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** Certificates of authorities to trust besides the system's. */
  readonly certificateAuthorities?: readonly string[]
  /** Resolves a name to all its addresses; default: the system's resolver. */
  readonly resolve?: Resolve
}

export interface GuardedFetchInit {
  readonly method?: 'GET' | 'POST' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

export interface GuardedFetch {
  /**
   * Fetches one address; the answer is read whole.
   * @throws FetchRefused
   */
  (url: string | URL, init?: GuardedFetchInit): Promise<Response>
  close(): Promise<void>
}

/**
 * Makes the fetch for addresses that others name: client metadata, remote keys, log-out notices. It resolves the name
 * first, refuses unless every address is a public host's, and connects to just what it resolved, so that a second
 * answer of the name server cannot lead elsewhere. https only, no redirects, sizes and times bounded. An operator opens
 * an inside host by its name; the refusal says which.
 */
export function createGuardedFetch(options: GuardedFetchOptions = {}): GuardedFetch {
  const { maxBytes = 1_048_576, timeoutMs = 5_000, resolve = resolveWithSystem } = options
  const allowed = new Set((options.allowedHosts ?? []).map(host => host.toLowerCase()))
  const guarded = createAgent(options, timeoutMs, guardedLookup(resolve))
  const opened = createAgent(options, timeoutMs, undefined)
  const fetchGuarded = async (url: string | URL, init: GuardedFetchInit = {}): Promise<Response> => {
    const target = judgeUrl(url, allowed)
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = init.signal === undefined ? deadline : AbortSignal.any([init.signal, deadline])
    try {
      return await exchange(isOpened(target, allowed) ? opened : guarded, target, init, signal, maxBytes)
    } catch (error) {
      throw refusalOf(error, target.host, deadline.aborted, timeoutMs)
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all([guarded.destroy(), opened.destroy()])
  }
  return Object.assign(fetchGuarded, { close })
}

function createAgent(
  options: GuardedFetchOptions,
  timeoutMs: number,
  lookup: LookupFunction | undefined,
): Undici.Agent {
  const { Agent } = undici()
  const authorities = options.certificateAuthorities
  return new Agent({
    connect: {
      timeout: timeoutMs,
      ...(lookup === undefined ? {} : { lookup }),
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16_384,
    connections: 8,
  })
}

function judgeUrl(url: string | URL, allowed: ReadonlySet<string>): URL {
  const target = URL.parse(String(url))
  if (target === null || target.username !== '' || target.password !== '') {
    throw new FetchRefused('url_malformed', '(none)', 'an absolute https address', 'another', 'Correct the address.')
  }
  if (isOpened(target, allowed) && target.protocol === 'http:') return target
  if (target.protocol !== 'https:') {
    const hint = `Use https, or name ${target.hostname} among the allowed hosts.`
    throw new FetchRefused('scheme_refused', target.host, 'https', target.protocol.slice(0, -1), hint)
  }
  // A literal address never reaches the lookup.
  const literal = target.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && isSpecialUse(literal) && !isOpened(target, allowed)) {
    throw addressRefused(target.hostname, literal)
  }
  return target
}

function isOpened({ host, hostname }: URL, allowed: ReadonlySet<string>): boolean {
  return allowed.has(hostname.toLowerCase()) || allowed.has(host.toLowerCase())
}

/** The connection's own look-up: what it returns is what is connected to. */
function guardedLookup(resolve: Resolve): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    const fail = (error: unknown): void => {
      callback(error instanceof Error ? error : new Error(String(error)), '', 0)
    }
    const judge = (addresses: readonly LookupAddress[]): void => {
      const [first] = addresses
      const refused = addresses.find(each => isSpecialUse(each.address))
      if (first === undefined) fail(new Error(`${hostname} has no address`))
      else if (refused !== undefined) fail(addressRefused(hostname, refused.address))
      else if (lookupOptions.all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    }
    resolve(hostname).then(judge, fail)
  }
}

async function exchange(
  agent: Undici.Agent,
  target: URL,
  init: GuardedFetchInit,
  signal: AbortSignal,
  maxBytes: number,
): Promise<Response> {
  const answer = await agent.request({
    origin: target.origin,
    path: `${target.pathname}${target.search}`,
    method: init.method ?? 'GET',
    headers: { accept: 'application/json', ...init.headers, 'accept-encoding': 'identity' },
    body: init.body ?? null,
    signal,
  })
  if (answer.statusCode >= 300 && answer.statusCode < 400) {
    await answer.body.dump({ limit: redirectBodyBytes, signal })
    const hint = 'Name the final address; redirects are not followed.'
    throw new FetchRefused(
      'redirect_refused',
      target.host,
      'the answer itself',
      `a redirect (${answer.statusCode})`,
      hint,
    )
  }
  const bytes = await readBounded(answer, target.host, maxBytes)
  const bodiless = answer.statusCode === 204 || init.method === 'HEAD'
  return new Response(bodiless ? null : bytes, { status: answer.statusCode, headers: headersOf(answer.headers) })
}

async function readBounded(
  answer: Undici.Dispatcher.ResponseData,
  host: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    if (!(chunk instanceof Uint8Array)) continue
    size += chunk.byteLength
    if (size > maxBytes) {
      answer.body.destroy()
      throw new FetchRefused(
        'answer_too_large',
        host,
        `at most ${maxBytes} bytes`,
        'more',
        'Make the document smaller.',
      )
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function headersOf(headers: Undici.Dispatcher.ResponseData['headers']): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) result.append(name, each)
  }
  return result
}

function addressRefused(hostname: string, address: string): FetchRefused {
  const hint = `Name ${hostname} among the allowed hosts if it is meant to be reached.`
  return new FetchRefused(
    'address_refused',
    hostname,
    'the address of a public host',
    `the inside address ${address}`,
    hint,
  )
}

function refusalOf(error: unknown, host: string, isLate: boolean, timeoutMs: number): FetchRefused {
  if (error instanceof FetchRefused) return error
  const { errors } = undici()
  const slow =
    isLate ||
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  if (slow) {
    return new FetchRefused('too_slow', host, `an answer within ${timeoutMs} ms`, 'none', 'Check that it is up.', error)
  }
  const got = error instanceof Error ? error.message : String(error)
  return new FetchRefused('unreachable', host, 'an answer', got, 'Check the name, the port and the certificate.', error)
}

function resolveWithSystem(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
  })
}
