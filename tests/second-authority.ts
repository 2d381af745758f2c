import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { dpopNonces, signNow } from '@sallyport/credentials'
import { createSealer, openMasterKey, openSqliteStore } from '@sallyport/store'
import { authorityStore } from '../packages/authority/src/authority-store.ts'
import type { AuthorityContext } from '../packages/authority/src/context.ts'
import { Registrations } from '../packages/authority/src/registrations.ts'
import { openSigningKeys } from '../packages/authority/src/signing-keys.ts'
import { token } from '../packages/authority/src/token.ts'
import { isTokenError } from '../packages/authority/src/token-error.ts'
import type { TokenRequest } from '../packages/authority/src/token-request.ts'

/** What the other process is asked to do at once, and how its answers come back. */
export interface AskedAtOnce {
  readonly requests: readonly (Omit<TokenRequest, 'parameters'> & {
    readonly parameters: readonly [string, string][]
  })[]
}

export interface AnsweredAtOnce {
  /** For each request: the tokens given, or the error. */
  readonly answers: readonly {
    readonly error?: string
    readonly access_token?: string
    readonly refresh_token?: string
  }[]
}

/** Another authority on the same database file: a process of its own, with the clock and settings of the first. */
async function serve(folder: string, settings: AuthorityContext['settings'], issuer: string, seconds: number) {
  const masterKey = openMasterKey({ home: folder, environment: {} })
  const store = await openSqliteStore({
    path: join(folder, 'authority.db'),
    nowSeconds: () => seconds,
    sealer: createSealer(masterKey, 'authority'),
    sealedKinds: ['signing-key', 'session'],
    audit: { path: join(folder, 'audit.log'), writer: 'second' },
  })
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const keys = await openSigningKeys({ store: store.of('main'), now: () => seconds, log })
  const context: AuthorityContext = {
    tenant: 'main',
    issuer,
    settings,
    store: authorityStore(store.of('main'), new Registrations(() => Date.now())),
    keys,
    dpopNonces: dpopNonces(masterKey.subkey('dpop-nonce')),
    sign: signNow,
    now: () => seconds,
    nowMs: () => seconds * 1000,
    random: bytes => randomBytes(bytes),
    passwords: { hash: never, verify: never },
    audit: record => store.audit.append(record),
    log,
  }
  process.stdout.write('ready\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const { requests }: AskedAtOnce = JSON.parse(line)
    const read = requests.map(request => ({ ...request, parameters: new Map(request.parameters) }))
    const answers = await Promise.all(read.map(request => token(request, context)))
    const answered: AnsweredAtOnce = {
      answers: answers.map(answer => (isTokenError(answer) ? { error: answer.reason } : answer.body)),
    }
    process.stdout.write(`${JSON.stringify(answered)}\n`)
  }
  keys.close()
  await store.close()
}

const never = () => Promise.reject(new Error('nobody signs in here'))

const [, , folder, settings, issuer, seconds] = process.argv
if (folder !== undefined && settings !== undefined && issuer !== undefined)
  await serve(folder, JSON.parse(settings), issuer, Number(seconds))
