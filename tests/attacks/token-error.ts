import assert from 'node:assert/strict'
import type { Reply } from '../exchange.ts'

/** Throws unless the token endpoint refused with this code and gave nothing (OAuth 2.1 §3.2.4). */
export function assertTokenError(reply: Reply, error: string, what: string): void {
  assert.equal(reply.json.error, error, `${what}: ${reply.status} ${reply.text}`)
  assert.ok(reply.status === 400 || reply.status === 401, what)
  assert.equal(reply.json.access_token, undefined, what)
}
