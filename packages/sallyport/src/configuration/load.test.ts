import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isFailure } from '../command-line/command.ts'
import { findConfigurationFile, loadConfiguration } from './load.ts'
import { watchConfiguration } from './watch.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-configuration-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('the first of --config, $SALLYPORT_CONFIG and ./sallyport.yaml is read (EXPERIENCE §6.9)', t => {
  const folder = folderOf(t)
  const own = join(folder, 'sallyport.yaml')
  assert.notEqual(findConfigurationFile(undefined, {}, folder), own)
  writeFileSync(own, '')
  assert.equal(findConfigurationFile(undefined, {}, folder), own)
  assert.equal(findConfigurationFile(undefined, { SALLYPORT_CONFIG: 'other.yaml' }, folder), join(folder, 'other.yaml'))
  assert.equal(
    findConfigurationFile('named.yaml', { SALLYPORT_CONFIG: 'other.yaml' }, folder),
    join(folder, 'named.yaml'),
  )
})

test('without a file the defaults hold', () => {
  const loaded = loadConfiguration(undefined, {})
  assert.ok(!isFailure(loaded))
  assert.equal(loaded.values.tokens.accessTokenTtlSeconds, 300)
  assert.equal(loaded.values.authority.port, 4000)
})

test('everything that is wrong is told at once, with lines and nearest names: exit 3', t => {
  const file = join(folderOf(t), 'sallyport.yaml')
  writeFileSync(file, 'tokens:\n  accessTokenTTL: 300\n  codeTtlSeconds: 6000\ntokenz: {}\n')
  const failure = loadConfiguration(file, { SALLYPORT_MASTER_KEZ: 'x' })
  assert.ok(isFailure(failure))
  assert.equal(failure.failed, 'config')
  assert.match(failure.message, /4 things are wrong/)
  assert.match(
    failure.message,
    /sallyport\.yaml:2: tokens\.accessTokenTTL is unknown; nearest is accessTokenTtlSeconds/,
  )
  assert.match(failure.message, /sallyport\.yaml:3: .*10 to 600 seconds/)
  assert.match(failure.message, /sallyport\.yaml:4: tokenz is unknown; nearest is tokens/)
  assert.match(failure.message, /SALLYPORT_MASTER_KEZ is unknown; nearest is SALLYPORT_MASTER_KEY/)
})

test('a secret in the file is refused: secrets come from the environment', t => {
  const file = join(folderOf(t), 'sallyport.yaml')
  writeFileSync(file, `store:\n  masterKey: ${'k'.repeat(40)}\n`)
  const failure = loadConfiguration(file, {})
  assert.ok(isFailure(failure))
  assert.match(failure.message, /SALLYPORT_MASTER_KEY/)
  assert.ok(!failure.message.includes('kkkk'))
})

test('a saved file takes effect without a restart, and one with a mistake changes nothing', async t => {
  const file = join(folderOf(t), 'sallyport.yaml')
  writeFileSync(file, 'tokens:\n  accessTokenTtlSeconds: 300\n')
  const loaded = loadConfiguration(file, {})
  assert.ok(!isFailure(loaded))
  const said: string[] = []
  const applied: number[] = []
  let heard = Promise.withResolvers<void>()
  const hear = (event: string) => {
    said.push(event)
    heard.resolve()
  }
  const log = { debug: hear, info: hear, warn: hear, error: hear, child: () => log }
  const watching = watchConfiguration(loaded, {}, log, settings => applied.push(settings.tokens.accessTokenTtlSeconds))
  t.after(() => watching.close())
  writeFileSync(file, 'tokens:\n  accessTokenTtlSeconds: 600\n')
  await heard.promise
  assert.deepEqual([applied, said], [[600], ['configuration_reloaded']])
  heard = Promise.withResolvers<void>()
  writeFileSync(file, 'tokens:\n  accessTokenTtlSeconds: 6\n')
  await heard.promise
  assert.deepEqual([applied, said.at(-1)], [[600], 'configuration_refused'])
})
