import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { DescribedRequest } from '../described-request.ts'

/** What a framework knows of a request beside node's own. */
export interface FrameworkFacts {
  /** The method, where the message is a question about another request. */
  readonly method?: string | undefined
  /** Path and query before any router rewrote them. */
  readonly target?: string | undefined
  readonly route?: string | undefined
  readonly body?: unknown
  readonly requestId?: string | undefined
}

/** A request of node:http as the doors see it; what is seldom asked is found out only then. */
export class NodeRequest implements DescribedRequest {
  readonly method: string
  readonly target: string
  readonly route: string | undefined
  readonly authorization: string | readonly string[] | undefined
  readonly dpop: string | undefined
  readonly #message: IncomingMessage
  readonly #body: unknown
  #requestId: string | undefined

  constructor(message: IncomingMessage, facts: FrameworkFacts) {
    this.#message = message
    this.method = facts.method ?? message.method ?? 'GET'
    this.target = facts.target ?? message.url ?? '/'
    this.route = facts.route
    this.authorization = allAuthorization(message)
    this.dpop = textOf(message.headers.dpop)
    this.#body = facts.body
    this.#requestId = facts.requestId
  }

  get form(): unknown {
    const type = this.#message.headers['content-type'] ?? ''
    return type.toLowerCase().startsWith('application/x-www-form-urlencoded') ? this.#body : undefined
  }

  get requestId(): string {
    this.#requestId ??= requestIdOf(this.#message.headers['x-request-id'])
    return this.#requestId
  }

  get certificate(): string | undefined {
    const { socket } = this.#message
    return socket instanceof TLSSocket && socket.authorized ? thumbprintOf(socket) : undefined
  }
}

/** Node keeps the first of several Authorization headers and drops the others: two credentials must not look like one. */
function allAuthorization(message: IncomingMessage): string | readonly string[] | undefined {
  const { authorization } = message.headers
  if (authorization === undefined) return undefined
  const { rawHeaders } = message
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') seen += 1
  }
  return seen > 1 ? message.headersDistinct.authorization : authorization
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(', ') : header
}

/** The caller's own request id when it is harmless in logs, else a new one. */
export function requestIdOf(header: string | readonly string[] | null | undefined): string {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : randomUUID()
}

const thumbprints = new WeakMap<TLSSocket, string>()

function thumbprintOf(socket: TLSSocket): string | undefined {
  const known = thumbprints.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url')
  thumbprints.set(socket, thumbprint)
  return thumbprint
}
