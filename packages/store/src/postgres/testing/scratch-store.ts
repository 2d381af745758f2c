import { randomBytes } from 'node:crypto'
import type { FreshStore } from '../../contract.suite.ts'
import { newKey, openMasterKey } from '../../sealing/master-key.ts'
import { createSealer } from '../../sealing/sealer.ts'
import { openPostgresStore, type PostgresOptions, type PostgresStore } from '../postgres-store.ts'

/** Kinds that the tests' stores seal. */
const SEALED_KINDS = ['session', 'grant']

/** A store in a schema of its own. */
export async function openScratch(
  url: string,
  nowSeconds: () => number,
): Promise<FreshStore & { store: PostgresStore; schema: string; key: string }> {
  const [schema, key] = [`scratch_${randomBytes(6).toString('hex')}`, newKey()]
  const store = await openAt({ url, schema, nowSeconds }, key)
  const argument = JSON.stringify({ url, schema, key })
  return { store, schema, key, shared: { module: import.meta.url, argument }, dispose: () => store.close() }
}

type Where = Pick<PostgresOptions, 'url' | 'schema' | 'nowSeconds' | 'replica' | 'audit'>

export function openAt(options: Where, key: string): Promise<PostgresStore> {
  const masterKey = openMasterKey({ home: '/nonexistent', environment: { SALLYPORT_MASTER_KEY: key } })
  const audit = { writer: `writer-${randomBytes(6).toString('hex')}` }
  return openPostgresStore({ audit, ...options, sealer: createSealer(masterKey, 'scratch'), sealedKinds: SEALED_KINDS })
}

/** Opens a store that another process has open, with the real clock. @public */
export function openShared(argument: string): Promise<PostgresStore> {
  const { url, schema, key }: { url: string; schema: string; key: string } = JSON.parse(argument)
  return openAt({ url, schema, nowSeconds: () => Math.floor(Date.now() / 1000) }, key)
}
