import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dpopNonces, mintOpaqueToken, s256, signNow } from '@sallyport/credentials'
import {
  type AuditRecord,
  createSealer,
  type Effects,
  openMasterKey,
  openSqliteStore,
  type Store,
  type TenantStore,
} from '@sallyport/store'
import { authorityStore } from '../authority-store.ts'
import type { AuthorizationCode } from '../authorization-code.ts'
import type { Client } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import { argon2Passwords } from '../http/password-hash.ts'
import { Registrations } from '../registrations.ts'
import type { AuthoritySettings } from '../settings.ts'
import { openSigningKeys, type SigningKeys } from '../signing-keys.ts'
import { type Seeded, seed } from './authority-seed.ts'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** The movable clock of a harness; store, keys and rules all read it. */
export interface Clock {
  /** Unix seconds. */
  seconds: number
  advance(seconds: number): void
}

export interface MintedCode {
  readonly code: string
  readonly verifier: string
  readonly record: AuthorizationCode
}

/** A real authority without its listener: real store in a folder of its own, real keys, seeded records. */
export interface AuthorityHarness extends Seeded {
  readonly context: AuthorityContext
  readonly store: Store
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly folder: string
  readonly audits: AuditRecord[]
  readonly log: LogLine[]
  /** Writes a code for alice as the authorization endpoint does, for `client` (default: `web-app`). */
  mintCode(client?: Client, changes?: Partial<AuthorizationCode>): Promise<MintedCode>
  close(): Promise<void>
}

export const harnessIssuer = 'http://localhost:4000'

/** Opens a harness; `t.after(() => harness.close())` removes its folder. The clock begins at 1,800,000,000. */
export async function openHarness(
  changes: {
    readonly issuer?: string
    readonly settings?: Partial<AuthoritySettings>
    /** Another store than SQLite in the harness's folder. */
    readonly open?: (folder: string, nowSeconds: () => number) => Promise<Store>
  } = {},
): Promise<AuthorityHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-authority-'))
  const clock = movableClock()
  const masterKey = openMasterKey({ home: folder, environment: {} })
  const store = await (changes.open ?? openInFolder)(folder, () => clock.seconds)
  const audits: AuditRecord[] = []
  const log: LogLine[] = []
  const write =
    (level: LogLine['level']) =>
    (event: string, fields: LogLine['fields'] = {}) => {
      log.push({ level, event, fields })
    }
  const authorityLog = { info: write('info'), warn: write('warn'), error: write('error') }
  const tenant = authorityStore(recording(store.of('main'), audits), new Registrations(() => clock.seconds * 1000))
  const keys = await openSigningKeys({ store: tenant, now: () => clock.seconds, log: authorityLog })
  const context: AuthorityContext = {
    tenant: 'main',
    issuer: changes.issuer ?? harnessIssuer,
    settings: {
      accessTokenTtlSeconds: 300,
      codeTtlSeconds: 60,
      idTokenTtlSeconds: 300,
      refreshTokenTtlSeconds: 30 * 86_400,
      refreshReuseSeconds: 30,
      sessionTtlSeconds: 43_200,
      phantomTokenTtlSeconds: 60,
      leewaySeconds: 5,
      interactionsPerMinute: 1_000_000,
      refusedTokenRequestsPerMinute: 1_000_000,
      ...changes.settings,
    },
    store: tenant,
    keys,
    dpopNonces: dpopNonces(masterKey.subkey('dpop-nonce')),
    sign: signNow,
    now: () => clock.seconds,
    nowMs: () => clock.seconds * 1000,
    random: bytes => randomBytes(bytes),
    passwords: argon2Passwords({ cost: { memory: 64, passes: 1, parallelism: 1 } }),
    audit: async record => {
      audits.push(record)
    },
    log: authorityLog,
  }
  const seeded = await seed(context)
  return {
    ...seeded,
    context,
    store,
    keys,
    clock,
    folder,
    audits,
    log,
    mintCode: (client = seeded.clients.webApp, of = {}) => mintCode(context, seeded, client, of),
    close: async () => {
      keys.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function openInFolder(folder: string, nowSeconds: () => number): Promise<Store> {
  const sealer = createSealer(openMasterKey({ home: folder, environment: {} }), 'authority')
  const path = join(folder, 'authority.db')
  const audit = { path: join(folder, 'audit.log'), writer: 'harness' }
  return openSqliteStore({ path, nowSeconds, sealer, sealedKinds: ['signing-key', 'session'], audit })
}

/** The tenant's store; the records that go with its writes are shown too, once they are durable. */
function recording(store: TenantStore, audits: AuditRecord[]): TenantStore {
  const shown = (audit: AuditRecord | undefined) => {
    if (audit !== undefined) audits.push(audit)
  }
  return {
    peek: (kind, key) => store.peek(kind, key),
    peekWith: (kind, key, references) => store.peekWith(kind, key, references),
    claim: (kind, hash, expiresAt) => store.claim(kind, hash, expiresAt),
    list: (kind, page) => store.list(kind, page),
    read: (stream, after, limit) => store.read(stream, after, limit),
    watch: (stream, onAppend) => store.watch(stream, onAppend),
    async take<V>(kind: string, key: string, effects: Effects) {
      const taken = await store.take<V>(kind, key, effects)
      if ('won' in taken) shown(effects.audit)
      return taken
    },
    async commit(writes, vouched) {
      const committed = await store.commit(writes, vouched)
      if ('committed' in committed) shown(vouched?.audit)
      return committed
    },
  }
}

function movableClock(): Clock {
  return {
    seconds: 1_800_000_000,
    advance(seconds) {
      this.seconds += seconds
    },
  }
}

async function mintCode(
  context: AuthorityContext,
  seeded: Seeded,
  client: Client,
  changes: Partial<AuthorizationCode>,
): Promise<MintedCode> {
  const verifier = randomBytes(32).toString('base64url')
  const minted = mintOpaqueToken('ac', { nowMs: context.nowMs(), random: context.random })
  const record: AuthorizationCode = {
    secret_hash: minted.secretHash,
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0] ?? 'http://localhost:4200/cb',
    code_challenge: s256(verifier),
    scope: ['openid', 'profile', 'read:orders'],
    resources: [seeded.resources.gateway.resource],
    nonce: createHash('sha256').update(verifier).digest('hex').slice(0, 16),
    subject: seeded.account.id,
    session: seeded.session.sid,
    grant: seeded.grantOf(client).id,
    family: `fam_${minted.selector}`,
    auth_time: context.now(),
    acr: 'urn:sallyport:acr:password',
    amr: ['pwd'],
    issued_at: context.now(),
    ...changes,
  }
  const expiresAt = context.now() + context.settings.codeTtlSeconds
  await context.store.commit([{ put: { kind: 'code', key: minted.selector, value: record, expiresAt } }])
  return { code: minted.token, verifier, record }
}
