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

export function openAt(path: string, nowSeconds: () => number): Promise<SqliteStore> {
  const masterKey = openMasterKey({ home: dirname(path), environment: {} })
  return openSqliteStore({ path, nowSeconds, sealer: createSealer(masterKey, 'scratch'), sealedKinds: SEALED_KINDS })
}

/** Opens a store that another process has open, with the real clock. */
export function openShared(path: string): Promise<SqliteStore> {
  return openAt(path, () => Math.floor(Date.now() / 1000))
}
