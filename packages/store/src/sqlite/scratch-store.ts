import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { FreshStore } from '../contract.suite.ts'
import { openMasterKey } from '../sealing/master-key.ts'
import { createSealer } from '../sealing/sealer.ts'
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts'

/** Kinds that the tests' stores seal. */
export const SEALED_KINDS = ['session', 'grant']

/** A store in a folder of its own that goes when the test ends. */
export async function openScratch(
  nowSeconds: () => number,
): Promise<FreshStore & { store: SqliteStore; path: string }> {
  const home = scratchFolder()
  const path = join(home, 'scratch.db')
  const store = await openAt(path, nowSeconds)
  return {
    store,
    path,
    shared: { module: import.meta.url, argument: path },
    async dispose() {
      await store.close()
      rmSync(home, { recursive: true })
    },
  }
}

export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), `sallyport-store-${randomBytes(3).toString('hex')}-`))
}

/** @param writer of the audit trail beside the database; by default a new one */
export function openAt(path: string, nowSeconds: () => number, writer = newWriter()): Promise<SqliteStore> {
  const masterKey = openMasterKey({ home: dirname(path), environment: {} })
  const sealer = createSealer(masterKey, 'scratch')
  const audit = { path: trailPath(path), writer }
  return openSqliteStore({ path, nowSeconds, sealer, sealedKinds: SEALED_KINDS, audit })
}

/** Where the audit trail of a scratch store is. */
export function trailPath(database: string): string {
  return join(dirname(database), 'log', 'audit.ndjson')
}

function newWriter(): string {
  return `writer-${randomBytes(6).toString('hex')}`
}

/** Opens a store that another process has open, with the real clock. */
export function openShared(path: string): Promise<SqliteStore> {
  return openAt(path, () => Math.floor(Date.now() / 1000))
}
