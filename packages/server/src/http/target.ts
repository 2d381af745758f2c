import type { IncomingMessage } from 'node:http'
import type { Failure } from './failure.ts'
import { parseHost } from './host.ts'

/** What a listener answers at all. */
export interface TargetRules {
  /** Whether a `Host` header names us; see `knownHosts`. */
  readonly isOurs: (header: string | undefined) => boolean
  /** Paths that answer under any host name. */
  readonly hostlessPaths: ReadonlySet<string>
  readonly headerCount: number
}

/**
 * Decides whether a request is meant for this listener: one valid `Host` that is ours, not more headers than allowed.
 * A target in absolute form is judged by its own authority and rewritten to origin form, so that nothing behind this
 * reads two hosts.
 *
 * @returns the failure to answer with, `undefined` when the request may go on
 * @see RFC 9112 §3.2 (one Host, else 400) and §3.2.2 (absolute form), RFC 9110 §7.4 (421)
 */
export function judgeTarget(request: IncomingMessage, rules: TargetRules): Failure | undefined {
  const { rawHeaders } = request
  if (rawHeaders.length / 2 > rules.headerCount) return tooManyHeaders
  // Node reads a line without a version as HTTP/0.9, which has no headers and so no Host.
  if (request.httpVersionMajor !== 1) return badVersion
  if (hostLines(rawHeaders) > 1) return badHost
  const target = request.url ?? '/'
  if (target.charCodeAt(0) === slash) return judgeHost(request.headers.host, target, rules)
  const absolute = /^https?:\/\/(?<authority>[^/?#]*)(?<path>[^#]*)$/i.exec(target)?.groups
  if (absolute === undefined) return badTarget
  const { authority, path = '' } = absolute
  request.url = path.startsWith('/') ? path : `/${path}`
  return judgeHost(authority, path, rules)
}

const slash = 0x2f

function hostLines(rawHeaders: readonly string[]): number {
  let lines = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') lines += 1
  }
  return lines
}

function judgeHost(header: string | undefined, path: string, rules: TargetRules): Failure | undefined {
  if (rules.isOurs(header)) return undefined
  if (rules.hostlessPaths.has(path)) return undefined
  return parseHost(header) === undefined ? badHost : unknownHost
}

const badHost: Failure = {
  status: 400,
  error: 'invalid_request',
  reason: 'malformed_host',
  description: 'The request needs exactly one Host header with a host name and at most a port.',
}

const badVersion: Failure = {
  status: 400,
  error: 'invalid_request',
  reason: 'malformed_request',
  description: 'The request must say HTTP/1.1.',
}

const badTarget: Failure = {
  status: 400,
  error: 'invalid_request',
  reason: 'malformed_request',
  description: 'The request target must be a path.',
}

const unknownHost: Failure = {
  status: 421,
  error: 'invalid_request',
  reason: 'host_unknown',
  description: 'This server does not answer under that host name. Use the address it prints at its start.',
}

const tooManyHeaders: Failure = {
  status: 431,
  error: 'invalid_request',
  reason: 'headers_too_large',
  description: 'The request has more headers than this server takes.',
}
