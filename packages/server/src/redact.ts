import type { LogFields } from './log.ts'

const removed = '[removed]'
const maxDepth = 6

/** Names whose value is a credential, as the standards spell them, compared without case, `-` and `_`. */
const secretNames = new Set(
  [
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'dpop',
    'password',
    'new_password',
    'code',
    'code_verifier',
    'user_code',
    'device_code',
    'access_token',
    'refresh_token',
    'id_token',
    'id_token_hint',
    'subject_token',
    'actor_token',
    'token',
    'assertion',
    'client_assertion',
    'client_secret',
    'secret',
    'request',
    'request_uri',
    'private_key',
    'private_jwk',
    'master_key',
    'recovery_code',
    'csrf_token',
  ].map(fold),
)

/**
 * Values that are credentials wherever they stand: our own prefixed tokens, anything shaped like a compact JWS, and what is
 * long enough to hold 256 random bits, whoever made it. Ids of ours are shorter; a thumbprint is told by its beginning.
 */
const secretValues = /\bsp_[a-z]{2,4}_[\w-]{8,}|\beyJ[\w-]{6,}\.[\w-]*\.[\w-]*|[\w-]{40,}/g

/**
 * A copy of a log line's fields without credentials: members named like one lose their value, and texts lose whatever
 * looks like a token. Depth is bounded; an `Error` keeps its name and message, never its stack's arguments.
 */
export function redact(fields: LogFields): Record<string, unknown> {
  return redactMembers(fields, 0)
}

/** One text without the tokens that stand in it. */
export function redactText(text: string): string {
  return text.replace(secretValues, token => `${token.slice(0, 6)}…`)
}

function redactMembers(members: LogFields, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(members)) {
    clean[name] = secretNames.has(fold(name)) && value !== undefined ? removed : redactValue(value, depth + 1)
  }
  return clean
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) return '[deep]'
  if (value instanceof Error) return { name: value.name, message: redactText(value.message) }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map(item => redactValue(item, depth + 1))
  return redactMembers(Object.fromEntries(Object.entries(value)), depth)
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}
