import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** One request with a token, on a kept connection. */
export function show(address: string, token: string): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const sent = request(address, { agent, headers: { authorization: `Bearer ${token}` } }, answer => {
    let text = ''
    answer.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    answer.once('error', reject)
    answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
  })
  sent.once('error', reject)
  sent.end()
  return promise
}
