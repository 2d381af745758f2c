/**
 * An authority as `npm start` composes it, on a store that is there already, with its audit trail and log on disk. Its one
 * argument is a `StoredAuthority` as JSON; it prints a line when it serves, and another when it has written what each line
 * on its standard input asks for.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { mintOpaqueToken } from '@sallyport/credentials'
import { createMetrics } from '@sallyport/server'
import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import { authorityListener, composeAuthority } from '../../packages/sallyport/src/composition/authority.ts'
import { nowSeconds } from '../../packages/sallyport/src/composition/clock.ts'
import { openLog } from '../../packages/sallyport/src/composition/log.ts'
import { loadConfiguration } from '../../packages/sallyport/src/configuration/load.ts'
import { masterKeyOf, openStore, type Place } from './loaded-store.ts'

export interface StoredAuthority {
  readonly place: Place
  readonly port: number
}

/** Tokens to be written that expire one after the other, between two Unix seconds. */
export interface ExpiringTokens {
  readonly count: number
  readonly from: number
  readonly to: number
}

await serve(JSON.parse(process.argv[2] ?? ''))

async function serve({ place, port }: StoredAuthority): Promise<void> {
  const loaded = loadConfiguration(undefined, {})
  if ('failed' in loaded) throw new Error(loaded.message)
  const settings = loaded.values
  const { log, flush } = openLog({ level: settings.log.level, file: join(place.folder, 'sallyport.log') })
  const store = await openStore(place, nowSeconds)
  const close = () => store.close()
  const issuer = `http://localhost:${port}`
  const authority = await composeAuthority({
    issuer,
    settings,
    store,
    masterKey: masterKeyOf(place),
    log,
    metrics: createMetrics(),
  })
  const listener = authorityListener(authority, { port, settings, log, metrics: createMetrics() })
  await listener.listen()
  const orders = createInterface(process.stdin)
  // Whoever started it has gone, however that ended.
  orders.once('close', () => process.exit(0))
  orders.on('line', async line => {
    await writeExpiring(JSON.parse(line), authority.context)
    process.stdout.write('{"written":true}\n')
  })
  process.stdout.write('{"serves":true}\n')
  process.once('SIGTERM', async () => {
    orders.removeAllListeners('close')
    await listener.close()
    authority.close()
    await close()
    flush()
    process.exit(0)
  })
}

const commitRows = 500

async function writeExpiring({ count, from, to }: ExpiringTokens, context: AuthorityContext): Promise<void> {
  for (let at = 0; at < count; at += commitRows) {
    const rows = Array.from({ length: Math.min(commitRows, count - at) }, (_, nth) => {
      const { selector, secretHash } = mintOpaqueToken('at', { nowMs: context.nowMs(), random: context.random })
      const expiresAt = Math.floor(from + ((to - from) * (at + nth)) / count)
      const claims = { iss: context.issuer, sub: 'client_gone', client_id: 'gone', jti: selector, exp: expiresAt }
      return { put: { kind: 'access', key: selector, value: { secret_hash: secretHash, claims }, expiresAt } }
    })
    await context.store.commit(rows)
  }
}
