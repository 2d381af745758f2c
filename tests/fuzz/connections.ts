import { Pool } from 'undici'
import type { Answered } from './answer-oracle.ts'
import type { Input } from './request-inputs.ts'

/** As many as run at once. */
export const parallel = 16
/** The gateway lets one address make 120 requests a minute that pass no door. */
const requestsOfAddress = 96
const bodyMs = 15_000

/**
 * Kept-alive connections to one listener from an address of 127.0.0.0/8 that nobody else has, and after a while from the
 * next one, so that limits by address are met by whoever earns them and not by other tests.
 */
export class Connections {
  static #addresses = 0
  readonly #origin: string
  #pool: Pool
  #left = requestsOfAddress

  constructor(origin: string) {
    this.#origin = origin.replace('//localhost', '//127.0.0.1')
    this.#pool = this.#open()
  }

  #open(): Pool {
    Connections.#addresses += 1
    const at = Connections.#addresses
    const localAddress = `127.${20 + Math.floor(at / 60_000)}.${Math.floor(at / 250) % 240}.${1 + (at % 250)}`
    return new Pool(this.#origin, { connections: parallel, localAddress, headersTimeout: bodyMs, bodyTimeout: bodyMs })
  }

  /** Sends inputs at once, and answers in their order. */
  async send(inputs: readonly Input[], endless: boolean): Promise<readonly Answered[]> {
    if (this.#left <= 0) {
      const old = this.#pool
      this.#pool = this.#open()
      this.#left = requestsOfAddress
      await old.close()
    }
    this.#left -= inputs.length
    return Promise.all(inputs.map(input => this.#send(input, endless)))
  }

  async #send({ method, target, headers, body }: Input, endless: boolean): Promise<Answered> {
    const host = new URL(this.#origin).host.replace('127.0.0.1', 'localhost')
    const begun = performance.now()
    const answer = await this.#pool.request({
      method: method as 'GET',
      path: target,
      headers: ['host', host, ...headers.flat()],
      body: body ?? null,
    })
    if (endless && answer.statusCode === 200) answer.body.destroy()
    const text = endless && answer.statusCode === 200 ? '' : await answer.body.text()
    return { status: answer.statusCode, headers: answer.headers, text, ms: performance.now() - begun }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
