import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

/** Serves a fetch-style handler on a real socket, as the runtimes that have such handlers do. */
export async function serveFetch(
  handler: (request: Request) => Response | Promise<Response>,
): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    const headers = new Headers()
    for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
      headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
    }
    const method = incoming.method ?? 'GET'
    const body = method === 'GET' || method === 'HEAD' ? null : Readable.toWeb(incoming)
    const url = `http://${incoming.headers.host}${incoming.url}`
    const init = { method, headers, body: body as ReadableStream | null, duplex: 'half' }
    const response = await handler(new Request(url, init))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
