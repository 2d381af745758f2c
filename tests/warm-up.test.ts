import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { launchSystem } from './system.ts'

const warmUp = resolve(import.meta.dirname, '../packages/sallyport/src/warm-up.ts')

/** A module of ours that Node looked for among the compiled ones in vain, as it says in its own words. */
const missed = /reading cache from \S+ for StrippedTypeScript (\S+?)\.\.\.\s*no such file or directory/g

test('the set-up compiles every module that a first start loads, with the demo and without it, so that none needs the type stripper (docs/decisions/0012)', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-warm-up-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const alone = join(folder, 'alone.yaml')
  writeFileSync(alone, 'demo:\n  enabled: false\n')
  const environment = { NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const warmed = spawnSync(process.execPath, [warmUp], { env: { ...process.env, ...environment }, encoding: 'utf8' })
  assert.equal(warmed.status, 0, warmed.stderr)
  for (const args of [[], ['--config', alone]]) {
    const { child, ready, ended } = launchSystem({
      home: mkdtempSync(join(folder, 'home-')),
      ports: await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi']),
      args,
      environment: { ...environment, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    })
    await ready
    child.kill('SIGTERM')
    const { stdout, stderr } = await ended
    const said = stdout + stderr
    assert.match(said, /reading cache from \S+ for StrippedTypeScript \S+main\.ts\.\.\..*success/)
    const names = [...said.matchAll(missed)].map(([, url = '']) => url.slice(url.indexOf('/packages/')))
    assert.deepEqual(names, [])
  }
})
