import { randomBytes } from 'node:crypto'

/** Unix seconds. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Unix milliseconds. */
export const nowMs = (): number => Date.now()

export const random = (length: number): Uint8Array => randomBytes(length)
