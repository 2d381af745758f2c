import { randomFillSync } from 'node:crypto'

/** Unix seconds. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Unix milliseconds. */
export const nowMs = (): number => Date.now()

/** Bytes of the system's cryptographic source, drawn 4 KiB at a time: a call for each few bytes costs 2 µs. None is given twice. */
export function random(length: number): Uint8Array {
  if (length > drawn.length) return randomFillSync(new Uint8Array(length))
  if (at + length > drawn.length) {
    randomFillSync(drawn)
    at = 0
  }
  const bytes = drawn.slice(at, at + length)
  drawn.fill(0, at, at + length)
  at += length
  return bytes
}

const drawn = new Uint8Array(4096)
let at = drawn.length
