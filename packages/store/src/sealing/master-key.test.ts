import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { newKey, openMasterKey } from './master-key.ts'

function home(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'sallyport-key-'))
  t.after(() => rmSync(parent, { recursive: true }))
  return join(parent, 'home')
}

test('the first start makes a key of mode 0600 in a folder of mode 0700; later starts find it', t => {
  const folder = home(t)
  const first = openMasterKey({ home: folder, environment: {} })
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, 'master.key')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['master.key'])
  assert.equal(openMasterKey({ home: folder, environment: {} }).id(), first.id())
  assert.ok(!readFileSync(join(folder, 'master.key'), 'utf8').includes(first.id()))
})

test('a missing key with data is one clear error, and no key is made', t => {
  const folder = home(t)
  openMasterKey({ home: folder, environment: {} })
  rmSync(join(folder, 'master.key'))
  writeFileSync(join(folder, 'authority.db'), '')
  assert.throws(() => openMasterKey({ home: folder, environment: {} }), {
    code: 'missing_key',
    message: `The master key ${join(folder, 'master.key')} is missing, but authority.db is sealed with it. Restore the file from your backup, or set SALLYPORT_MASTER_KEY.`,
  })
  assert.deepEqual(readdirSync(folder), ['authority.db'])
})

test('a key given by the environment makes no file and wins over one', t => {
  const folder = home(t)
  const given = newKey()
  const key = openMasterKey({ home: folder, environment: { SALLYPORT_MASTER_KEY: given } })
  assert.equal(key.origin, 'SALLYPORT_MASTER_KEY')
  openMasterKey({ home: folder, environment: {} })
  assert.equal(openMasterKey({ home: folder, environment: { SALLYPORT_MASTER_KEY: given } }).id(), key.id())
})

test('a key that other users could read is refused with the command that closes it', t => {
  const folder = home(t)
  openMasterKey({ home: folder, environment: {} })
  const path = join(folder, 'master.key')
  chmodSync(path, 0o640)
  assert.throws(() => openMasterKey({ home: folder, environment: {} }), {
    code: 'unusable_key',
    hint: `Run: chmod 600 ${path}`,
  })
})

test('what is not a key is refused, and the error does not repeat it', () => {
  for (const odd of ['secret', 'mk1.', 'mk1.c2hvcnQ', `${newKey()},secret`, ' , ', `${newKey()}AAAA`]) {
    assert.throws(
      () => openMasterKey({ home: '/nonexistent', environment: { SALLYPORT_MASTER_KEY: odd } }),
      (error: Error & { code?: string }) => error.code === 'unusable_key' && !error.message.includes('secret'),
    )
  }
})

test('of eight processes that start first at once, all have the same key', async t => {
  const folder = home(t)
  const module = new URL('./master-key.ts', import.meta.url).href
  const program = `import { openMasterKey } from ${JSON.stringify(module)}
    console.log(openMasterKey({ home: ${JSON.stringify(folder)}, environment: {} }).id())`
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return text(child.stdout)
    }),
  )
  assert.equal(new Set(ids).size, 1)
  assert.equal(ids[0]?.trim(), openMasterKey({ home: folder, environment: {} }).id())
})
