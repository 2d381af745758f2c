import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { PGlite } from '@electric-sql/pglite'

const SSL_REQUEST = 80877103
const SYNC = 'S'.charCodeAt(0)
const QUERY = 'Q'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)
const NOTIFICATION = 'A'.charCodeAt(0)
const READY = 'Z'.charCodeAt(0)
const IDLE = 'I'.charCodeAt(0)

/**
 * PostgreSQL itself, compiled to WebAssembly (PGlite), behind a port, so that the adapter's tests need no installed
 * server and the real driver speaks to it. PGlite has one session: connections take turns, a turn lasts until the
 * transaction ends, and each one's prepared statements get names of their own. Locks between transactions are thus never
 * met here; the same suite runs on a real server with `npm test -- --services`.
 */
export async function startPglite(): Promise<{ url: string; stop(): Promise<void> }> {
  const database = await PGlite.create()
  const [session] = (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  const connections = new Set<Connection>()
  const turns = new Turns()
  const server = createServer(socket => {
    const connection = new Connection(socket, database, session?.pid ?? 0, turns, connections)
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      for (const { socket } of connections) socket.destroy()
      server.close()
      await database.close()
    },
  }
}

/** One at a time, in the order of asking. */
class Turns {
  #last: Promise<void> = Promise.resolve()

  async take(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#last
    this.#last = promise
    await before
    return resolve
  }
}

let connectionCount = 0

class Connection {
  readonly socket: Socket
  readonly #database: PGlite
  readonly #session: number
  readonly #turns: Turns
  readonly #all: ReadonlySet<Connection>
  readonly #prefix: string
  #received = Buffer.alloc(0)
  #started = false
  #batch: Buffer[] = []
  #work: Promise<void> = Promise.resolve()
  #endTurn: (() => void) | undefined
  #listens = false

  constructor(socket: Socket, database: PGlite, session: number, turns: Turns, all: ReadonlySet<Connection>) {
    this.socket = socket
    this.#database = database
    this.#session = session
    this.#turns = turns
    this.#all = all
    connectionCount += 1
    this.#prefix = `c${connectionCount}_`
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => this.#receive(data))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#queue(() => this.#abandon()))
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    for (let message = this.#next(); message !== undefined; message = this.#next()) this.#accept(message)
  }

  #next(): Buffer | undefined {
    const head = this.#started ? 1 : 0
    if (this.#received.length < head + 4) return undefined
    const length = head + this.#received.readUInt32BE(head)
    if (this.#received.length < length) return undefined
    const message = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return message
  }

  #accept(message: Buffer): void {
    if (!this.#started) {
      if (message.readUInt32BE(4) === SSL_REQUEST) this.socket.write('N')
      else this.#start()
      return
    }
    if (message[0] === TERMINATE) {
      this.socket.end()
      return
    }
    if (message[0] === QUERY && message.includes('LISTEN')) this.#listens = true
    this.#batch.push(this.#renamed(message))
    if (message[0] !== SYNC && message[0] !== QUERY) return
    const batch = this.#batch
    this.#batch = []
    this.#queue(() => this.#run(batch))
  }

  /** AuthenticationOk, BackendKeyData and ReadyForQuery. */
  #start(): void {
    this.#started = true
    const greeting = Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 0, 75, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 1])
    greeting.writeInt32BE(this.#session, 14)
    this.socket.write(greeting)
    this.socket.write(Buffer.from([READY, 0, 0, 0, 5, IDLE]))
  }

  /** Parse and Bind with this connection's own name of the statement, if it has one. */
  #renamed(message: Buffer): Buffer {
    const type = String.fromCharCode(message[0] ?? 0)
    if (type !== 'P' && type !== 'B') return message
    const at = type === 'P' ? 5 : message.indexOf(0, 5) + 1
    if (message[at] === 0) return message
    const renamed = Buffer.concat([message.subarray(0, at), Buffer.from(this.#prefix), message.subarray(at)])
    renamed.writeUInt32BE(renamed.length - 1, 1)
    return renamed
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(error => {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  }

  async #run(batch: readonly Buffer[]): Promise<void> {
    this.#endTurn ??= await this.#turns.take()
    const parts: Uint8Array[] = []
    for (const message of batch) parts.push(await this.#database.execProtocolRaw(message, { syncToFs: false }))
    const answer = Buffer.concat(parts)
    const { own, notifications, status } = readAnswer(answer)
    this.socket.write(own)
    if (notifications.length > 0) {
      for (const each of this.#all) if (each.#listens) each.socket.write(notifications)
    }
    if (status === IDLE) this.#release()
  }

  async #abandon(): Promise<void> {
    if (this.#endTurn === undefined) return
    await this.#database.exec('ROLLBACK')
    this.#release()
  }

  #release(): void {
    this.#endTurn?.()
    this.#endTurn = undefined
  }
}

/** Parts of an answer: what its connection gets, what all who listen get, and the transaction's status. */
function readAnswer(answer: Buffer): { own: Buffer; notifications: Buffer; status: number | undefined } {
  const [own, notifications]: [Buffer[], Buffer[]] = [[], []]
  let status: number | undefined
  for (let at = 0; at < answer.length; ) {
    const end = at + 1 + answer.readUInt32BE(at + 1)
    const message = answer.subarray(at, end)
    if (message[0] === NOTIFICATION) notifications.push(message)
    else own.push(message)
    if (message[0] === READY) status = message[5]
    at = end
  }
  return { own: Buffer.concat(own), notifications: Buffer.concat(notifications), status }
}
