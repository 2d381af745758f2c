import type { createClient, RedisClusterType } from '@redis/client'
import { connectionTrouble } from '../connection-trouble.ts'
import { StoreError } from '../store-error.ts'
import type { TlsPaths } from '../tls-files.ts'
import { inTime } from './in-time.ts'
import { type Listener, listen } from './listen.ts'
import { transportTo, userOf } from './transport.ts'

/** How long a connection may take with the server's first answer, and an answer; after that it is given up for a new one. */
const CONNECT_TIMEOUT_MS = 2_000
const ANSWER_TIMEOUT_MS = 1_000

/** After a failed try the next one waits this long; who asks meanwhile is told at once. */
const RECONNECT_PAUSE_MS = 100

/** What the server refuses, an administrator must allow: it is not asked again before this. */
const REFUSED_PAUSE_MS = 30_000

/** Answers of a server that ran nothing: it reads its file, or its part of the cluster is away. */
const AWAY = /^(?:LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b/

/** What an operator must hear of. `lost` and `back` come in turns, once for each; `not_told` once for each reason. */
export interface RedisAlarm {
  readonly what: 'lost' | 'back' | 'evicts' | 'memory_lost' | 'unprotected' | 'not_told'
  readonly message: string
}

/** A script that Redis runs as one step. All its keys have one hash tag, so that a cluster can run it. */
export interface Script {
  readonly text: string
  /** SHA-1 of the text, by which Redis remembers it. */
  readonly sha: string
}

interface Connection {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
  destroy(): void
}

/**
 * A connection to one server (one URL) or to a cluster (several URLs of its nodes). It fails fast: nothing is queued
 * for a server that is away. An idle connection to one server does not keep the process alive.
 */
export class RedisLink {
  /** Host and port, for messages. */
  readonly where: string
  readonly #urls: readonly string[]
  readonly #tls: TlsPaths
  readonly #onAlarm: (alarm: RedisAlarm) => void
  #connection: Promise<Connection> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #isLost = false
  #notToldWhy: string | undefined
  #closed = false

  /** @param tls  read for each connection to a server, and once for a cluster */
  constructor(urls: readonly string[], tls: TlsPaths, onAlarm: (alarm: RedisAlarm) => void) {
    this.#urls = urls
    this.#tls = tls
    this.#onAlarm = onAlarm
    this.where = `Redis ${urls.map(placeOf).join(', ')}`
  }

  /** Whether keys are spread over several servers. */
  get isCluster(): boolean {
    return this.#urls.length > 1
  }

  /** @throws StoreError `unreachable` when nothing was run, `outcome_unknown` when it may have been, `failed` */
  async run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    const options = { keys: [...keys], arguments: values.map(String) }
    return this.#ask(async connection => {
      try {
        return await connection.evalSha(script.sha, options)
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return connection.eval(script.text, options)
        throw error
      }
    })
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.#ask(connection => connection.publish(channel, message))
  }

  /** A connection that hears a channel, and again after each loss. Returns how to end it. */
  async subscribe(channel: string, onMessage: (message: string) => void): Promise<() => void> {
    const { ErrorReply } = await import('@redis/client')
    const lost = (cause: unknown) => {
      const isRefused = cause instanceof ErrorReply && !AWAY.test(cause.message)
      if (isRefused) this.#notTold(channel, cause.message)
      else this.#lost(cause)
      return isRefused ? REFUSED_PAUSE_MS : RECONNECT_PAUSE_MS
    }
    if (!this.isCluster) {
      const { createClient } = await import('@redis/client')
      return listen(() => this.#client(createClient), channel, onMessage, lost)
    }
    const cluster = await this.#cluster({ minimizeConnections: true })
    const hear = async () => {
      await cluster.connect()
      await cluster.subscribe(channel, onMessage)
    }
    try {
      await inTime(hear(), CONNECT_TIMEOUT_MS, () => cluster.destroy())
    } catch (cause) {
      cluster.destroy()
      lost(cause)
      throw cause
    }
    return () => cluster.destroy()
  }

  alarm(alarm: RedisAlarm): void {
    this.#onAlarm(alarm)
  }

  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    connection?.destroy()
  }

  async #ask(command: (connection: Connection) => Promise<unknown>): Promise<unknown> {
    const connection = await this.#connected()
    try {
      const answer = await inTime(command(connection), ANSWER_TIMEOUT_MS, () => this.#drop(connection))
      this.#back()
      return answer
    } catch (cause) {
      throw await this.#judge(cause)
    }
  }

  /** An answer that is an error, or no answer. */
  async #judge(cause: unknown): Promise<StoreError> {
    const { ErrorReply } = await import('@redis/client')
    const message = cause instanceof Error ? cause.message : String(cause)
    if (cause instanceof ErrorReply && !AWAY.test(message)) {
      const code = message.startsWith('OOM') ? 'disk_full' : message.startsWith('READONLY') ? 'read_only' : 'failed'
      return new StoreError(code, `${this.where}: ${message}.`, 'Look at its configuration and its memory.', { cause })
    }
    this.#lost(cause)
    if (cause instanceof ErrorReply) return this.#unreachable(cause)
    const problem = `The connection to ${this.where} was lost while a command was under way (${message}).`
    return new StoreError('outcome_unknown', problem, 'Take the value for used.', { cause })
  }

  #connected(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new StoreError('closed', 'The store is closed.', 'Open it again.'))
    if (this.#connection !== undefined) return this.#connection
    if (performance.now() - this.#failedAt < RECONNECT_PAUSE_MS) return Promise.reject(this.#unreachable())
    const connecting = this.#connect().catch(cause => {
      this.#failedAt = performance.now()
      if (this.#connection === connecting) this.#connection = undefined
      this.#lost(cause)
      throw this.#unreachable(cause)
    })
    this.#connection = connecting
    return connecting
  }

  async #connect(): Promise<Connection> {
    if (this.isCluster) {
      const cluster = await this.#cluster({})
      await inTime(cluster.connect(), CONNECT_TIMEOUT_MS, () => cluster.destroy())
      return cluster
    }
    const { createClient } = await import('@redis/client')
    const client = this.#client(createClient)
    client.on('error', error => {
      this.#drop(client)
      this.#lost(error)
    })
    await inTime(client.connect(), CONNECT_TIMEOUT_MS, () => client.destroy())
    client.unref()
    return client
  }

  /** A client of the one server that makes one connection. @param create  the driver's, which is loaded by its first use */
  #client(create: typeof createClient): Connection & Listener {
    const ended = new AbortController()
    const client = create({
      url: this.#urls[0] ?? '',
      disableOfflineQueue: true,
      socket: { ...this.#socket(ended.signal), reconnectStrategy: false },
    })
    client.on('end', () => ended.abort())
    return client
  }

  async #cluster(more: { readonly minimizeConnections?: true }): Promise<RedisClusterType> {
    const { createCluster } = await import('@redis/client')
    const ended = new AbortController()
    const cluster: RedisClusterType = createCluster({
      rootNodes: this.#urls.map(url => ({ url })),
      defaults: { ...userOf(this.#urls), disableOfflineQueue: true, socket: this.#socket(ended.signal) },
      ...more,
    })
    cluster.on('disconnect', () => ended.abort())
    cluster.on('error', error => {
      if (!ended.signal.aborted) this.#lost(error)
    })
    return cluster
  }

  /** @param ended  ends sockets that are under way too, of which the driver's `destroy` does not know */
  #socket(ended: AbortSignal) {
    return { ...transportTo(this.#urls, this.#tls), connectTimeout: CONNECT_TIMEOUT_MS, signal: ended }
  }

  /** The next command connects anew; what waits on this one is rejected. */
  async #drop(connection: Connection): Promise<void> {
    const current = await this.#connection?.catch(() => undefined)
    if (current !== connection) return
    this.#connection = undefined
    try {
      connection.destroy()
    } catch (cause) {
      this.#lost(cause) // it was closed already
    }
  }

  #lost(cause: unknown): void {
    if (this.#isLost || this.#closed) return
    this.#isLost = true
    this.#onAlarm({ what: 'lost', message: `${this.where} cannot be reached (${connectionTrouble(cause)}).` })
  }

  /** Only wake-ups are missing then: streams are polled, and commands have their own answers. */
  #notTold(channel: string, reason: string): void {
    if (this.#closed || this.#notToldWhy === reason) return
    this.#notToldWhy = reason
    const remedy = reason.startsWith('NOPERM')
      ? ` Allow its user &${channel.replace(/[^:]*$/, '*')} and +subscribe.`
      : ''
    const message = `${this.where} refuses to tell of changes, which are then found later: ${reason}.${remedy}`
    this.#onAlarm({ what: 'not_told', message })
  }

  #back(): void {
    if (!this.#isLost) return
    this.#isLost = false
    this.#onAlarm({ what: 'back', message: `${this.where} answers again.` })
  }

  #unreachable(cause?: unknown): StoreError {
    const hint = 'Start it, or look at the URL and the network.'
    return new StoreError('unreachable', `${this.where} cannot be reached.`, hint, { cause })
  }
}

/** Host and port of a URL, which may hold a password. */
function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'of the URL'
}
