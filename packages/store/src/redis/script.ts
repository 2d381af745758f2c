import { hash } from 'node:crypto'
import type { Script } from './redis-link.ts'

/** A script with the digest that Redis knows it by. */
export function script(text: string): Script {
  return { text, sha: hash('sha1', text, 'hex') }
}
