import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import type { PasswordHash } from '../context.ts'

export interface Argon2Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** OWASP Password Storage: 19 MiB, two passes, one lane; twice RFC 9106's floor of work for a login page. */
export const argon2Cost: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 }

const tagLength = 32
const saltLength = 16
const phcForm =
  /^\$argon2id\$v=19\$m=(?<memory>\d{1,7}),t=(?<passes>\d{1,3}),p=(?<parallelism>\d{1,2})\$(?<salt>[A-Za-z0-9+/]{11,86})\$(?<tag>[A-Za-z0-9+/]{22,86})$/

/**
 * argon2id of the platform (RFC 9106), hashes as PHC strings. At most `concurrency` run at once and `queue` wait, so that
 * a flood of sign-ins takes bounded memory and leaves threads for everyone else.
 *
 * @throws PasswordHashBusy from `hash` and `verify` when the queue is full
 */
export function argon2Passwords(
  options: { readonly cost?: Argon2Cost; readonly concurrency?: number; readonly queue?: number } = {},
): PasswordHash {
  const { cost = argon2Cost, concurrency = 2, queue = 200 } = options
  const slots = slotted(concurrency, queue)
  return {
    hash: password =>
      slots(async () => {
        const salt = randomBytes(saltLength)
        return phc(cost, salt, await derive(password, salt, cost))
      }),
    verify: (password, stored) =>
      slots(async () => {
        const known = stored === undefined ? undefined : parse(stored)
        const { salt, tag, ...used } = known ?? { ...cost, salt: randomBytes(saltLength), tag: Buffer.alloc(tagLength) }
        const derived = await derive(password, salt, used)
        return derived.length === tag.length && timingSafeEqual(derived, tag) && known !== undefined
      }),
  }
}

/** Too many passwords are being checked; the caller may try again. `statusCode` is what the listener answers. */
export class PasswordHashBusy extends Error {
  readonly statusCode = 503
  constructor() {
    super('too many passwords are being checked at once')
  }
}

function slotted(concurrency: number, queue: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async work => {
    if (running >= concurrency) {
      if (waiting.length >= queue) throw new PasswordHashBusy()
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      // A finished one hands its place on; only without a successor is it free.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

function derive(password: string, nonce: Uint8Array, cost: Argon2Cost): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const message = password.normalize('NFKC')
  argon2('argon2id', { message, nonce, tagLength, ...cost }, (error, tag) =>
    error === null ? resolve(tag) : reject(error),
  )
  return promise
}

function phc(cost: Argon2Cost, salt: Uint8Array, tag: Uint8Array): string {
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

function parse(stored: string): (Argon2Cost & { readonly salt: Buffer; readonly tag: Buffer }) | undefined {
  const groups = phcForm.exec(stored)?.groups
  if (groups === undefined) return undefined
  return {
    memory: Number(groups.memory),
    passes: Number(groups.passes),
    parallelism: Number(groups.parallelism),
    salt: Buffer.from(groups.salt ?? '', 'base64'),
    tag: Buffer.from(groups.tag ?? '', 'base64'),
  }
}
