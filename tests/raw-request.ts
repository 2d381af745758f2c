import { connect } from 'node:net'

const silenceMs = 400

/**
 * Sends bytes as they are to a server and reads what comes back until it closes, or until it has been silent for a while
 * (a connection kept alive says nothing more).
 *
 * @returns everything received, one character a byte
 */
export function rawRequest(origin: string, bytes: string): Promise<string> {
  const { port } = new URL(origin)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: '127.0.0.1', port: Number(port) })
  let received = ''
  socket.setTimeout(silenceMs, () => socket.destroy())
  socket.setEncoding('latin1')
  socket.on('data', text => {
    received += text
  })
  socket.once('error', error => (received === '' ? reject(error) : resolve(received)))
  socket.once('close', () => resolve(received))
  socket.once('connect', () => socket.write(Buffer.from(bytes, 'latin1')))
  return promise
}

/** The status of each answer in what was received. */
export const statusesOf = (received: string): readonly number[] =>
  [...received.matchAll(/^HTTP\/1\.1 (?<status>\d{3}) /gm)].map(match => Number(match.groups?.status))
