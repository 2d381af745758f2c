import type { Client, QueryResult } from 'pg'
import { StoreError } from '../store-error.ts'
import { isConnectionLoss, storeErrorOfPostgres } from './postgres-errors.ts'
import { type Statement, TO_PRIMARY } from './statements.ts'
import { sslOf, type Transport, transportOf } from './transport.ts'

declare module 'pg' {
  /** Of the driver, though its types do not know them. */
  interface Client {
    /** Whether the connection keeps the process alive. */
    ref(): void
    unref(): void
    /** Of the session, as whoever answered the connection named it. */
    readonly processID: number | null
  }
}

/** How long a connection may take, and a statement on the server and on the wire. */
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 15_000
const ANSWER_TIMEOUT_MS = 20_000

/** After a failed try the next one waits this long; who asks meanwhile is told at once. */
const RECONNECT_PAUSE_MS = 200

const SETTINGS = `
  SET lock_timeout = 0; SET client_min_messages = error;
  SET default_transaction_isolation = 'read committed'`

const STANDING = `${TO_PRIMARY}SELECT current_setting('transaction_read_only') AS read_only`

export type Row = Readonly<Record<string, string | null>>

/** What a link is for, when it is not for short statements. */
export interface LinkPurpose {
  /** Leaves the session's settings as they are, for who does not know yet whose it is. */
  readonly asItIs?: boolean
  /** A standby may answer, with what is no longer so; on any other link none does. */
  readonly mayLag?: boolean
  /** Statements may take as long as they take, such as those of a migration. */
  readonly patient?: boolean
  /** Milliseconds that connecting and an answer may take, each, for who has somebody else to ask: then it hangs up. */
  readonly answerMs?: number
  /** What it listens to, and who is told. */
  readonly listening?: { readonly channel: string; onNotification(payload: string): void; onLost(): void }
}

/**
 * One connection: statements are prepared once and pipelined, each its own transaction. It connects when it is first
 * needed and again after a loss, and does not keep an idle process alive.
 */
export class Link {
  /** Host and database, for messages. */
  readonly where: string
  readonly #transport: Transport
  readonly #purpose: LinkPurpose
  #connection: Promise<Client> | undefined
  /** The one that is connected. */
  #client: Client | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #failure: StoreError | undefined
  #inFlight = 0
  #closed = false

  /** @throws StoreError `cannot_open` for a URL that is refused */
  constructor(url: string, purpose: LinkPurpose = {}) {
    this.#transport = transportOf(url)
    this.where = placeOf(url)
    this.#purpose = purpose
  }

  /** Statements that were sent and not answered. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Connects, when it is not connected. @throws StoreError */
  async open(): Promise<void> {
    await this.#connected()
  }

  /** Process id of the session, as named when it connected: a pooler names one of its own making. @throws StoreError */
  async namedSession(): Promise<string> {
    return String((await this.#connected()).processID)
  }

  /** A reading statement: tried once more when the connection is lost. @throws StoreError */
  async read(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    for (let again = false; ; again = true) {
      const client = await this.#connected()
      try {
        return await this.#send(client, statement, values)
      } catch (error) {
        if (again || this.#closed || !isConnectionLoss(error)) throw storeErrorOfPostgres(error, this.where)
      }
    }
  }

  /**
   * A writing statement: sent once.
   * @throws StoreError when it was not sent; the driver's error, unread, when it was
   */
  async write(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#send(await this.#connected(), statement, values)
  }

  /** Statements without parameters, such as of a migration, on a link that nobody else uses meanwhile. */
  async script(text: string): Promise<readonly Row[]> {
    const client = await this.#connected()
    return this.#track(client, () => client.query(TO_PRIMARY + text))
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    client?.ref() // who waits for the end must not be cut short by an idle process' exit
    await client?.end()
  }

  #send(client: Client, { name, text }: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#track(client, () => client.query({ name, text, values: [...values] }))
  }

  async #track(client: Client, run: () => Promise<QueryResult | QueryResult[]>): Promise<readonly Row[]> {
    this.#inFlight += 1
    client.ref()
    try {
      const result = await run()
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
    } catch (error) {
      // The server says that it goes away before the socket ends; nothing more is sent there.
      if (isConnectionLoss(error)) this.#forget(client)
      throw error
    } finally {
      this.#inFlight -= 1
      if (this.#inFlight === 0) client.unref()
    }
  }

  #connected(): Promise<Client> {
    if (this.#closed) return Promise.reject(new StoreError('closed', 'The store is closed.', 'Open it again.'))
    if (this.#connection !== undefined) return this.#connection
    if (this.#failure !== undefined && performance.now() - this.#failedAt < RECONNECT_PAUSE_MS) {
      return Promise.reject(this.#failure)
    }
    const connecting = this.#connect()
    this.#connection = connecting
    connecting.catch(() => {
      if (this.#connection === connecting) this.#connection = undefined
    })
    return connecting
  }

  #forget(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#connection = undefined
    const { answerMs, listening } = this.#purpose
    if (answerMs !== undefined) void client.end() // else each answer that is late would leave a connection behind
    listening?.onLost()
  }

  async #connect(): Promise<Client> {
    // Loaded here: who opens another adapter does not pay for this driver.
    const { default: pg } = await import('pg')
    const client = this.#made(pg.Client)
    const { asItIs = false, mayLag = false, patient = false, answerMs, listening } = this.#purpose
    try {
      await client.connect()
      const timeout = `SET statement_timeout = ${patient ? 0 : (answerMs ?? STATEMENT_TIMEOUT_MS)}`
      if (!asItIs) await client.query(`${timeout}; ${SETTINGS}`)
      if (!mayLag) await this.#checkPrimary(client)
      if (listening !== undefined) await client.query(`LISTEN ${listening.channel}`)
      client.unref()
      this.#client = client
      this.#failure = undefined
      return client
    } catch (error) {
      client.end().catch(() => this.#forget(client))
      throw this.#failed(error)
    }
  }

  /** What stands between may send one connection here and the next one there. @throws StoreError `read_only` */
  async #checkPrimary(client: Client): Promise<void> {
    const { rows } = await client.query<Row>(STANDING)
    if (rows[0]?.read_only === 'off') return
    const problem = `${this.where} takes no writes: it is a standby, or read-only.`
    throw new StoreError('read_only', problem, 'Name the primary in the URL.')
  }

  /** Not yet connected. The files that the URL names are read here, so each connection has them as they are now. */
  #made(driver: typeof Client): Client {
    const { patient = false, answerMs, listening } = this.#purpose
    try {
      const client = new driver({
        application_name: 'sallyport',
        ...this.#transport.to,
        ssl: this.#ssl(),
        connectionTimeoutMillis: answerMs ?? CONNECT_TIMEOUT_MS,
        ...(!patient && { query_timeout: answerMs ?? ANSWER_TIMEOUT_MS }),
        keepAlive: true,
        pipeline: true,
        types: { getTypeParser: () => String },
      })
      client.on('error', () => this.#forget(client))
      client.on('end', () => this.#forget(client))
      client.on('notification', ({ payload }) => listening?.onNotification(payload ?? ''))
      return client
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** @throws StoreError `unreachable` for files that went bad after the start: a renewal may be half written */
  #ssl(): ReturnType<typeof sslOf> {
    try {
      return sslOf(this.#transport)
    } catch (cause) {
      if (!(cause instanceof StoreError)) throw cause
      throw new StoreError('unreachable', `${this.where} cannot be reached.`, cause.message, { cause })
    }
  }

  #failed(error: unknown): StoreError {
    this.#failedAt = performance.now()
    this.#failure = storeErrorOfPostgres(error, this.where)
    return this.#failure
  }
}

/** Host, port and database of a URL, which may hold a password: after a slash in it that is not encoded, all is the path. */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || parsed.pathname.includes('@')) return 'The Postgres of the URL'
  return `Postgres ${parsed.host || parsed.searchParams.get('host') || 'localhost'}${parsed.pathname}`
}
