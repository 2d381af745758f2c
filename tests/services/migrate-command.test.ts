import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { getTokens, tokenRequest, tokensIn } from '../code-flow.ts'
import { sallyport } from '../command-line.ts'
import { freePorts } from '../free-ports.ts'
import { type RunningSystem, startSystem } from '../system.ts'
import { startPostgres } from './postgres.ts'

const postgres = await startPostgres()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-migrate-'))
after(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

const home = join(folder, 'home')
const environment = { SALLYPORT_POSTGRES_URL: postgres.url }
const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
const installation = { home, environment }

function configured(kind: 'sqlite' | 'postgres'): Record<string, string> {
  const SALLYPORT_CONFIG = join(folder, `${kind}.yaml`)
  writeFileSync(SALLYPORT_CONFIG, `store: { authority: ${kind}, bff: ${kind} }\n`)
  return { ...environment, SALLYPORT_CONFIG }
}

const resourceOf = ({ resources }: RunningSystem) => resources.outside

async function refreshed(system: RunningSystem, refresh_token: string): Promise<string> {
  return tokensIn(await tokenRequest(system, 'web-app', { grant_type: 'refresh_token', refresh_token })).refresh
}

interface Told {
  readonly moves: readonly { readonly name: string; readonly checksum: string; readonly rows: { record: number } }[]
}

const move = async (from: string, to: string): Promise<Told> =>
  JSON.parse(await sallyport(installation, 'migrate', '--from', from, '--to', to, '--json'))

test('sallyport migrate moves a used installation to Postgres and back: families, keys and users go on', async t => {
  let system = await startSystem({ home, ports, environment: configured('sqlite') })
  t.after(() => system.stop())
  const { kids } = await keysOf(system)
  const asked = { client: 'web-app', username: 'alice', scope: 'openid offline_access read:orders' }
  let { refresh } = await getTokens(system, { ...asked, resource: resourceOf(system) })
  await assert.rejects(sallyport(installation, 'migrate', '--from', 'sqlite', '--to', 'postgres'), /serves from/)
  await system.stop()
  const there = await move('sqlite', 'postgres')
  assert.deepEqual(
    there.moves.map(({ name }) => name),
    ['authority', 'bff'],
  )
  for (const { checksum } of there.moves) assert.match(checksum, /^[0-9a-f]{64}$/)
  assert.ok((there.moves[0]?.rows.record ?? 0) > 20)
  await assert.rejects(sallyport(installation, 'migrate', '--from', 'sqlite', '--to', 'postgres'), /is not empty/)

  system = await startSystem({ home, ports, environment: configured('postgres') })
  refresh = await refreshed(system, refresh)
  assert.deepEqual((await keysOf(system)).kids, kids)
  await system.stop()
  for (const name of ['authority.db', 'bff.db'])
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(home, name + suffix)
      if (existsSync(path)) renameSync(path, `${path}.old`)
    }
  await move('postgres', 'sqlite')

  system = await startSystem({ home, ports, environment: configured('sqlite') })
  await refreshed(system, refresh)
  assert.deepEqual((await keysOf(system)).kids, kids)
  await getTokens(system, { ...asked, resource: resourceOf(system) })
  await system.stop()
})

async function keysOf({ issuer }: RunningSystem): Promise<{ readonly kids: readonly string[] }> {
  const { keys } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] }
  return { kids: keys.map(({ kid }) => kid) }
}
