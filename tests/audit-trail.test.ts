import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sallyport } from './command-line.ts'
import { freePorts } from './free-ports.ts'
import { startSystem } from './system.ts'

test('audit verify finds a changed, a missing and a cut record of what ran here, and with an exported checkpoint what its own do not show', async t => {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
  const system = await startSystem({ home, ports })
  await sallyport(system, 'client', 'add', 'counted', '--grant', 'client_credentials', '--scope', 'read:orders')
  await system.stop()
  const verify = (...words: string[]) =>
    sallyport({ home }, 'audit', 'verify', ...words).then(
      () => 'intact',
      (error: unknown) => (error instanceof Error && 'stderr' in error ? `${error.stderr}` : String(error)),
    )
  const trail = join(home, 'audit.log')
  const whole = readFileSync(trail, 'utf8')
  const lines = whole.split(/(?<=\n)/)
  const kept = join(home, 'kept.json')
  writeFileSync(kept, await sallyport({ home }, 'audit', 'checkpoint'))
  assert.equal(await verify(), 'intact')
  assert.equal(await verify('--checkpoint', kept), 'intact')

  writeFileSync(trail, whole.replace('"client.add"', '"client.set"'))
  assert.match(await verify(), /: changed/)
  writeFileSync(trail, lines.toSpliced(0, 1).join(''))
  assert.match(await verify(), /: missing/)
  writeFileSync(trail, lines.slice(0, -1).join(''))
  assert.match(await verify(), /: cut/)
  const database = new DatabaseSync(join(home, 'authority.db'))
  database.prepare("DELETE FROM record WHERE kind = 'audit-checkpoint'").run()
  database.close()
  assert.equal(await verify(), 'intact', 'who can write everything here can cut the checkpoints too')
  assert.match(await verify('--checkpoint', kept), /: cut/)
  writeFileSync(kept, '{}')
  assert.match(await verify('--checkpoint', kept), /not a checkpoint/)
})
