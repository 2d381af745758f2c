/**
 * An open-loop load: requests are sent when they are due, whether or not the ones before are answered, as a crowd sends
 * them. A duration counts from when its request was due, so waiting for a free connection is in it. Prints one JSON line.
 */
import { connect, type Socket } from 'node:net'
import type { OpenLoad, OpenLoaded } from '../overload.ts'

const [words = '{}'] = process.argv.slice(2)
const { port, request, rate, seconds, connections }: OpenLoad = JSON.parse(words)

/** How long answers are waited for when nothing more is sent. */
const patienceMs = 3_000
const bytes = Buffer.from(request)
const free: Socket[] = []
const due: number[] = []
const accepted: number[] = []
const lastRefusedMs = { at: 0 }
let [sent, answered, refused, withoutRetryAfter, failed] = [0, 0, 0, 0, 0]

const sockets = await Promise.all(Array.from({ length: connections }, open))
const begunMs = performance.now()
const total = Math.floor(rate * seconds)
await new Promise<void>(resolve => {
  const round = () => {
    const now = performance.now()
    for (const should = Math.min(total, ((now - begunMs) / 1000) * rate); sent + due.length < should; )
      due.push(begunMs + ((sent + due.length) / rate) * 1000)
    while (due.length > 0 && free.length > 0) send(free.shift(), due.shift() ?? now)
    const isOver = sent === total && answered + failed === total
    if (isOver || now > begunMs + seconds * 1000 + patienceMs) resolve()
    else setImmediate(round)
  }
  round()
})
accepted.sort((a, b) => a - b)
const at = (share: number) => tenths(accepted[Math.ceil(accepted.length * share) - 1] ?? Number.NaN)
const loaded: OpenLoaded = {
  offeredPerSecond: rate,
  acceptedPerSecond: Math.round(accepted.length / seconds),
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  shedShare: Math.round((refused / total) * 1000) / 1000,
  shedWithoutRetryAfter: withoutRetryAfter,
  unanswered: total - answered,
  lastShedAfterMs: refused === 0 ? 0 : Math.round(lastRefusedMs.at - begunMs),
}
process.stdout.write(`${JSON.stringify(loaded)}\n`)
for (const socket of sockets) socket.destroy()

async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => socket.destroy())
  free.push(socket)
  return socket
}

function send(socket: Socket | undefined, dueMs: number): void {
  if (socket === undefined) return
  sent += 1
  let text = ''
  const take = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? Number.NaN)
    if (end < 0 || text.length < end + 4 + length) return
    socket.off('data', take).off('close', gone)
    free.push(socket)
    note(text, dueMs)
  }
  const gone = () => {
    failed += 1
  }
  socket.on('data', take).once('close', gone)
  socket.write(bytes)
}

function note(answer: string, dueMs: number): void {
  const now = performance.now()
  answered += 1
  if (answer.startsWith('HTTP/1.1 200')) accepted.push(now - dueMs)
  else if (answer.startsWith('HTTP/1.1 503')) {
    refused += 1
    lastRefusedMs.at = now
    if (!/^retry-after: \d+\r$/im.test(answer)) withoutRetryAfter += 1
  } else throw new Error(`an answer that is neither 200 nor 503: ${answer.slice(0, 300)}`)
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
