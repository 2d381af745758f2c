import type { TestContext } from 'node:test'
import { createListener, type Listener } from '@sallyport/server'
import { registerBackChannel } from '../http/back-channel.ts'
import type { TokenRequest } from '../token-request.ts'
import { type AuthorityHarness, openHarness } from './authority-harness.ts'

export interface BackChannel {
  readonly harness: AuthorityHarness
  readonly listener: Listener
  /** Sends a request to the app, without a socket. */
  send(request: Sent): Promise<Received>
  /** A form POST of a token request's parameters and headers. */
  post(path: string, request: TokenRequest, headers?: Record<string, string>): Promise<Received>
}

export interface Sent {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'PUT' | 'HEAD'
  readonly url: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  readonly remoteAddress?: string
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  json(): Record<string, unknown>
}

export const formType = 'application/x-www-form-urlencoded'

/** The back channel on the real listener, with a harness of its own; both end with the test. */
export async function openBackChannel(
  t: TestContext,
  changes: Parameters<typeof openHarness>[0] = {},
): Promise<BackChannel> {
  const harness = await openHarness(changes)
  const listener = createListener({ name: 'authority', origin: new URL(harness.context.issuer).origin, port: 0 })
  registerBackChannel(listener, harness.context)
  t.after(async () => {
    await listener.close()
    await harness.close()
  })
  await listener.app.ready()
  const { host } = new URL(harness.context.issuer)
  const send = async (sent: Sent): Promise<Received> => {
    const response = await listener.app.inject({
      method: sent.method ?? 'GET',
      url: sent.url,
      headers: { host, ...sent.headers },
      ...(sent.remoteAddress === undefined ? {} : { remoteAddress: sent.remoteAddress }),
      ...(sent.body === undefined ? {} : { payload: sent.body }),
    })
    const { statusCode, headers, body } = response
    return { status: statusCode, headers, text: body, json: () => JSON.parse(body) }
  }
  return {
    harness,
    listener,
    send,
    post: (path, request, headers = {}) =>
      send({ method: 'POST', url: path, headers: headersOf(request, headers), body: bodyOf(request) }),
  }
}

function headersOf(
  request: TokenRequest,
  headers: Readonly<Record<string, string>>,
): Record<string, string | string[]> {
  return {
    'content-type': formType,
    ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
    ...(request.proofs.length === 0 ? {} : { dpop: [...request.proofs] }),
    ...headers,
  }
}

function bodyOf(request: TokenRequest): string {
  const form = new URLSearchParams([...request.parameters])
  for (const resource of request.resources) form.append('resource', resource)
  return form.toString()
}
