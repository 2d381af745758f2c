import type { SigningKey } from '@sallyport/credentials'
import { exportPrivateJwk, importPrivateJwk, isRefusal } from '@sallyport/credentials'
import type { Stored } from '@sallyport/store'
import type { BffContext } from './context.ts'
import { seal, unseal } from './seal.ts'

/** A signed-in browser, as we know it. None of this ever reaches the browser but `user`. */
export interface BrowserSession {
  readonly user: SessionUser
  readonly tokens: SessionTokens
  /** The authority's name for its own session (`sid`), by which the user is signed out there too. */
  readonly sid: string | undefined
  /** Unix seconds. */
  readonly startedAt: number
}

export interface SessionUser {
  readonly sub: string
  readonly name?: string
  readonly preferred_username?: string
  readonly acr?: string
  /** Unix seconds. */
  readonly auth_time?: number
}

export interface SessionTokens {
  readonly accessToken: string
  /** Unix seconds. */
  readonly accessExpiresAt: number
  readonly refreshToken: string | undefined
  readonly scope: readonly string[]
  /** The key that the tokens are bound to (RFC 9449), one a session. */
  readonly dpopKey: SigningKey
}

/** An opened session and what is needed to write it back. */
export interface OpenSession {
  readonly id: string
  readonly cookieKey: Uint8Array
  readonly version: number
  readonly expiresAt: number
  readonly session: BrowserSession
}

type RowContext = Pick<BffContext, 'store' | 'random'>

const kind = 'browser-session'
const idBytes = 24
const keyBytes = 32

/** Stores a new session; the cookie holds its name and the key that opens its row, so neither the cookie nor the database alone is enough. */
export async function startSession(
  session: BrowserSession,
  context: BffContext,
): Promise<{ cookie: string; maxAgeSeconds: number }> {
  const id = Buffer.from(context.random(idBytes)).toString('base64url')
  const cookieKey = context.random(keyBytes)
  const maxAgeSeconds = context.settings.sessionTtlSeconds
  await context.store.commit([{ insert: row(id, cookieKey, session, context.now() + maxAgeSeconds, context) }])
  return { cookie: `${id}.${Buffer.from(cookieKey).toString('base64url')}`, maxAgeSeconds }
}

/** The session of a cookie; `undefined` for none, an ended one, and any cookie that does not open its row. */
export async function openSession(
  cookie: string | undefined,
  context: Pick<BffContext, 'store'>,
): Promise<OpenSession | undefined> {
  const [id, key, ...rest] = cookie?.split('.') ?? []
  if (id === undefined || key === undefined || rest.length > 0) return undefined
  const stored = await context.store.peek<{ sealed: string }>(kind, id)
  return stored && openRow(stored, Buffer.from(key, 'base64url'))
}

/** The session as it is in the store now, whoever wrote it last. */
export async function reopenSession(open: OpenSession, context: BffContext): Promise<OpenSession | undefined> {
  const stored = await context.store.peek<{ sealed: string }>(kind, open.id)
  return stored && openRow(stored, open.cookieKey)
}

/** Writes new tokens over the version that was opened; `false` when another process wrote first. */
export async function replaceSession(
  open: OpenSession,
  session: BrowserSession,
  context: RowContext,
): Promise<boolean> {
  const replace = row(open.id, open.cookieKey, session, open.expiresAt, context)
  return 'committed' in (await context.store.commit([{ replace, version: open.version }]))
}

export async function endSession(open: OpenSession, context: BffContext): Promise<void> {
  await context.store.commit([{ remove: { kind, key: open.id } }])
}

function row(id: string, cookieKey: Uint8Array, session: BrowserSession, expiresAt: number, context: RowContext) {
  const { dpopKey, ...tokens } = session.tokens
  const plain = JSON.stringify({ ...session, tokens: { ...tokens, dpopJwk: exportPrivateJwk(dpopKey) } })
  return { kind, key: id, expiresAt, value: { sealed: seal(plain, cookieKey, purpose(id), context.random) } }
}

function openRow(stored: Stored<{ sealed: string }>, cookieKey: Uint8Array): OpenSession | undefined {
  const plain = unseal(stored.value.sealed, cookieKey, purpose(stored.key))
  if (plain === undefined) return undefined
  const { tokens, ...session } = JSON.parse(plain)
  const { dpopJwk, ...rest } = tokens
  const dpopKey = importPrivateJwk(dpopJwk, 'ES256')
  if (isRefusal(dpopKey))
    throw new Error(`session row ${stored.key} holds a key that does not read: ${dpopKey.refused}`)
  return {
    id: stored.key,
    cookieKey,
    version: stored.version,
    expiresAt: stored.expiresAt ?? 0,
    session: { ...session, tokens: { ...rest, dpopKey } },
  }
}

const purpose = (id: string): string => `sallyport bff session ${id}`
