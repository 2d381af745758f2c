import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export interface Shown {
  readonly status: number
  readonly text: string
}

/** One request with a token, on a kept connection; once more when the door had just closed that connection. */
export function show(address: string, token: string): Promise<Shown> {
  const { promise, resolve, reject } = Promise.withResolvers<Shown>()
  const sent = request(address, { agent, headers: { authorization: `Bearer ${token}` } }, answer => {
    let text = ''
    answer.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    answer.once('error', reject)
    answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
  })
  sent.once('error', (error: NodeJS.ErrnoException) => {
    if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(show(address, token))
    else reject(error)
  })
  sent.end()
  return promise
}
