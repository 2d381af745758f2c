import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const bytesOfOne = 12
const bytesAtOnce = 4096 * bytesOfOne
const pool = Buffer.alloc(bytesAtOnce)
let at = bytesAtOnce

/**
 * The id by which one request is found in logs and audit: 24 hexadecimal digits, random, nobody's secret. The randomness of
 * 4,096 of them is drawn at once.
 *
 * @param trusted  whether an `X-Request-Id` is believed, because a part of ours in front gave it
 */
export function requestIdOf(request: IncomingMessage, trusted: boolean): string {
  if (trusted) {
    const given = request.headers['x-request-id']
    if (typeof given === 'string' && /^[\w-]{8,64}$/.test(given)) return given
  }
  if (at === bytesAtOnce) {
    randomFillSync(pool)
    at = 0
  }
  at += bytesOfOne
  return pool.toString('hex', at - bytesOfOne, at)
}
