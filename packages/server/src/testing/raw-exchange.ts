import { connect } from 'node:net'

const patienceMs = 20_000

/** Sends bytes and gives everything that comes back until the server closes; fails when it keeps the line open. */
export function rawExchange(
  port: number,
  bytes: string,
  options: { readonly address?: string; readonly halfClose?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, options.address ?? '127.0.0.1', () => {
      if (options.halfClose === true) socket.end(bytes, 'latin1')
      else socket.write(bytes)
    })
    const patience = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end after: ${answer}`))
    }, patienceMs)
    socket.on('data', chunk => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(patience)
      resolve(answer)
    })
  })
}

/** A GET, for `localhost` and on a connection that is not kept. */
export const rawGet = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n')

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

export function headerOf(answer: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\\r$`, 'im').exec(answer)?.[1]
}
