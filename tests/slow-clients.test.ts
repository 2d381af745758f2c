/**
 * Clients that send slowly, or nothing, or never read, at the authority, the gateway and the browser's back end of a started
 * system: each costs a little memory, nobody else is kept from an answer, and docs/reference/limits.md says when it ends.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { eventually } from './eventually.ts'
import { exchange } from './exchange.ts'
import { systemOfFile } from './system.ts'

const each = 150
/** Of memory, for one connection that is held. A request's headers and the first of its body are in it. */
const bytesEach = 96 * 1024
/** What the process may take meanwhile for anything else. */
const slackBytes = 64 * 1024 * 1024

const system = await systemOfFile()
const listeners = { authority: system.issuer, gateway: system.gateway, 'back end': system.app } as const
const held = new Set<Socket>()
after(() => {
  for (const socket of held) socket.destroy()
})

interface Attack {
  readonly what: string
  /** What each connection sends; a host stands for HOST. */
  readonly sends: string
  /** Whether what comes back is read. */
  readonly reads: boolean
  /** How it ends by itself: its last answer, or none; `undefined` when it may stay for longer than a test. */
  readonly ends: RegExp | undefined
}

const attacks: readonly Attack[] = [
  { what: 'nothing at all', sends: '', reads: true, ends: /^(HTTP\/1\.1 408 |$)/ },
  {
    what: 'half of the headers',
    sends: 'GET / HTTP/1.1\r\nHost: HOST\r\nX-A: ',
    reads: true,
    ends: /^HTTP\/1\.1 408 /,
  },
  {
    what: 'a part of a body',
    sends: 'POST /token HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\nabc',
    reads: true,
    ends: /^HTTP\/1\.1 4\d\d /,
  },
  {
    what: 'a body in chunks that does not go on',
    sends: 'POST /token HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    reads: true,
    ends: /^HTTP\/1\.1 4\d\d /,
  },
  {
    what: 'headers over 16 KiB',
    sends: `GET / HTTP/1.1\r\nHost: HOST\r\nX-A: ${'a'.repeat(60_000)}`,
    reads: true,
    ends: /^HTTP\/1\.1 431 /,
  },
  {
    what: 'one request and then nothing (an idle connection)',
    sends: 'GET /livez HTTP/1.1\r\nHost: HOST\r\n\r\n',
    reads: true,
    ends: undefined,
  },
  {
    what: 'sixty requests whose answers are not read',
    sends: 'GET /livez HTTP/1.1\r\nHost: HOST\r\n\r\n'.repeat(60),
    reads: false,
    ends: undefined,
  },
]

/** Of the process that holds all three listeners. */
const memory = (): number =>
  1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${system.child.pid}/status`, 'utf8'))?.[1])
const handles = (): number => readdirSync(`/proc/${system.child.pid}/fd`).length

async function hold(origin: string, { sends, reads }: Attack): Promise<{ readonly closed: Promise<string> }> {
  const { port, host } = new URL(origin)
  const socket = connect({ host: '127.0.0.1', port: Number(port) })
  held.add(socket)
  let received = ''
  socket.setEncoding('latin1')
  if (reads) {
    socket.on('data', text => {
      received += text
    })
  }
  socket.on('error', () => socket.destroy())
  const closed = new Promise<string>(resolve => {
    socket.once('close', () => {
      held.delete(socket)
      resolve(received)
    })
  })
  await once(socket, 'connect')
  socket.write(Buffer.from(sends.replaceAll('HOST', host), 'latin1'))
  return { closed }
}

const everybodyIsAnswered = async () => {
  for (const origin of Object.values(listeners)) assert.equal((await exchange(`${origin}/livez`)).status, 200, origin)
}

test(`${each} clients of each bad kind at each listener cost less than ${bytesEach} bytes each, and are ended within the limits (RFC 9110 §15.5.9, RFC 6585 §5)`, async t => {
  await everybodyIsAnswered()
  const before = { memory: memory(), handles: handles() }
  const ending: Promise<void>[] = []
  let [count, staying] = [0, 0]
  let most = 0
  for (const [name, origin] of Object.entries(listeners)) {
    for (const attack of attacks) {
      const all = await Promise.all(Array.from({ length: each }, () => hold(origin, attack)))
      count += all.length
      most = Math.max(most, memory())
      if (attack.ends === undefined) staying += all.length
      else {
        const { ends, what } = attack
        for (const { closed } of all)
          ending.push(closed.then(received => assert.match(received, ends, `${name}: ${what}`)))
      }
    }
  }
  await everybodyIsAnswered()
  most = Math.max(most, memory())
  const grown = most - before.memory
  t.diagnostic(`${count} connections, ${Math.round(grown / count / 1024)} KiB each`)
  assert.ok(grown < count * bytesEach + slackBytes, `${grown} bytes for ${count} connections`)
  await Promise.all(ending)
  await everybodyIsAnswered()
  assert.equal(held.size, staying)
  for (const socket of held) socket.destroy()
  await eventually(() => handles() <= before.handles + 20, `${before.handles} handles as before`)
})

test('a TLS handshake that is never finished is ended after 10 s (RFC 8446 §4)', async () => {
  const { port } = new URL(system.ready.addresses['gateway-tls'] ?? '')
  const before = handles()
  const all = Array.from({ length: each }, () => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    socket.on('error', () => socket.destroy())
    socket.resume().write(Buffer.from('160301', 'hex'))
    return once(socket, 'close')
  })
  await Promise.all(all)
  await eventually(() => handles() <= before + 20, `${before} handles as before`)
})
