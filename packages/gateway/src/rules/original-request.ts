import { isIP } from 'node:net'
import type { GatewayRefusal } from '../problem.ts'
import type { RawHeaders } from './forwarded-headers.ts'

/** The request that a proxy asks about. */
export interface OriginalRequest {
  readonly method: string
  /** Path and query as the caller sent them. */
  readonly target: string
  /** The caller's address, as the proxy saw it. */
  readonly address: string
}

/** Who asks, and so how it says what it asks about. */
export type ProxyKind = 'nginx' | 'envoy'

/** Where questions come in. */
const questionPath = '/decide'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** A question as it came in, from a proxy that is believed. */
export interface Question {
  readonly method: string
  readonly url: string
  readonly rawHeaders: RawHeaders
}

/**
 * What a question is about. Each proxy has one way to say it, and the other's way is not read at all:
 * - nginx asks `GET /decide` and names the request in `X-Original-Method`, `X-Original-URI` and `X-Original-Address`, each
 *   exactly once: a second one is a caller's that the proxy did not replace.
 * - Envoy sends the request's own method, and its path after `/decide`; the caller is in `X-Original-Address`, which its
 *   configuration sets. Not in `X-Forwarded-For`: to that, Envoy appends its own address when it asks.
 */
export function readOriginalRequest(kind: ProxyKind, question: Question): OriginalRequest | GatewayRefusal {
  const read = kind === 'nginx' ? ofNginx(question) : ofEnvoy(question)
  if ('refused' in read) return read
  if (!methods.has(read.method)) return malformed('a method that is passed on', read.method.slice(0, 20))
  if (isIP(read.address) === 0) return malformed('the address of the caller', 'something else')
  return read
}

function ofNginx({ url, rawHeaders }: Question): OriginalRequest | GatewayRefusal {
  if (url !== questionPath) return malformed(`a question at ${questionPath}`, 'another path')
  let method: string | undefined
  let target: string | undefined
  let address: string | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    // Shortest and longest of the three names: most headers are passed over by their length alone.
    if (name.length < 14 || name.length > 18) continue
    const lower = name.toLowerCase()
    if (lower === 'x-original-uri') {
      if (target !== undefined) return twice(name)
      target = rawHeaders[at + 1]
    } else if (lower === 'x-original-method') {
      if (method !== undefined) return twice(name)
      method = rawHeaders[at + 1]
    } else if (lower === 'x-original-address') {
      if (address !== undefined) return twice(name)
      address = rawHeaders[at + 1]
    }
  }
  if (method === undefined || target === undefined || address === undefined) {
    return malformed('X-Original-Method, X-Original-URI and X-Original-Address', 'a question without one of them')
  }
  return { method, target, address }
}

function ofEnvoy({ method, url, rawHeaders }: Question): OriginalRequest | GatewayRefusal {
  if (!url.startsWith(`${questionPath}/`)) return malformed(`a path after ${questionPath}`, 'another path')
  let address: string | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length !== 18 || name.toLowerCase() !== 'x-original-address') continue
    if (address !== undefined) return twice(name)
    address = rawHeaders[at + 1]
  }
  if (address === undefined) return malformed('X-Original-Address', 'a question without it')
  return { method, target: url.slice(questionPath.length), address }
}

const twice = (name: string): GatewayRefusal => malformed(`${name} once, in place of the caller’s`, 'more than one')

function malformed(expected: string, got: string): GatewayRefusal {
  return { refused: 'question_malformed', expected, got }
}
