import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { scratchFolder } from '../sqlite/scratch-store.ts'
import type { SqliteStore } from '../sqlite/sqlite-store.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { newKey, openMasterKey } from './master-key.ts'
import { rotateMasterKey } from './rotate.ts'
import { createSealer } from './sealer.ts'

const now = () => 1_800_000_000

function opener(home: string, environment: Record<string, string> = {}) {
  const masterKey = openMasterKey({ home, environment })
  const open = (name = 'authority', sealedKinds = ['session']): Promise<SqliteStore> =>
    openSqliteStore({
      path: join(home, `${name}.db`),
      nowSeconds: now,
      sealer: createSealer(masterKey, name),
      sealedKinds,
    })
  return { masterKey, open }
}

function values(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database
    .prepare('SELECT value FROM record')
    .all()
    .map(row => String(row.value))
  database.close()
  return rows
}

test('values of sealed kinds are not in the files, those of other kinds are, and both read the same', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const store = await opener(home).open()
  const tenant = store.of('acme')
  await tenant.commit(['session', 'plain'].map(kind => ({ put: { kind, key: 'k', value: `${kind}-marker` } })))
  assert.equal((await tenant.peek('session', 'k'))?.value, 'session-marker')
  const taken = await tenant.take('session', 'k', { put: [] })
  assert.ok('won' in taken && taken.won.value === 'session-marker')
  assert.equal((await tenant.list('session', { limit: 1 })).records[0]?.value, 'session-marker')
  const path = join(home, 'authority.db')
  const bytes = Buffer.concat([readFileSync(path), readFileSync(`${path}-wal`)])
  assert.equal(bytes.includes('session-marker'), false)
  assert.equal(bytes.includes('plain-marker'), true)
  await store.close()
})

test('a sealed value that was copied to another record, or replaced by a plain one, is refused', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const store = await opener(home).open()
  const tenant = store.of('acme')
  await tenant.commit(['alice', 'mallory'].map(key => ({ put: { kind: 'session', key, value: key } })))
  const database = new DatabaseSync(join(home, 'authority.db'), { timeout: 5000 })
  database.exec(`UPDATE record SET value = (SELECT value FROM record WHERE key = 'alice') WHERE key = 'mallory'`)
  await assert.rejects(Promise.resolve(tenant.peek('session', 'mallory')), { code: 'unsealed' })
  await nextRound()
  database.exec(`UPDATE record SET value = '"alice"' WHERE key = 'mallory'`)
  await assert.rejects(Promise.resolve(tenant.peek('session', 'mallory')), { code: 'unsealed' })
  await assert.rejects(tenant.take('session', 'mallory', { put: [] }), { code: 'unsealed' })
  assert.equal((await tenant.peek('session', 'alice'))?.value, 'alice')
  database.close()
  await store.close()
})

test('a wrong key is one clear error at the start and changes nothing', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const right = newKey()
  const store = await opener(home, { SALLYPORT_MASTER_KEY: right }).open()
  await store.of('acme').commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  await store.close()
  await assert.rejects(opener(home, { SALLYPORT_MASTER_KEY: newKey() }).open(), {
    code: 'wrong_key',
    hint: 'Give the key that the data was sealed with.',
  })
  const again = await opener(home, { SALLYPORT_MASTER_KEY: right }).open()
  assert.equal((await again.of('acme').peek('session', 'k'))?.value, 1)
  await again.close()
})

test('a rotation seals everything again while the store serves, in every tenant, and changes no record', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const { masterKey, open } = opener(home)
  const [store, other] = [await open('authority'), await open('bff')]
  const count = 450
  for (const [n, each] of [store, other].entries()) {
    const writes = Array.from({ length: count }, (_, k) => ({ put: { kind: 'session', key: `${n} ${k}`, value: k } }))
    await Promise.all([each.of('acme').commit(writes), each.of('öther').commit(writes)])
  }
  const [before, oldId] = [await store.of('acme').peek('session', '0 7'), masterKey.id()]
  let rotating = true
  const serving = (async () => {
    for (let n = 0; rotating; n += 1) {
      await store.of('acme').commit([{ put: { kind: 'session', key: `0 ${n % count}`, value: n % count } }])
      assert.equal((await store.of('acme').peek('session', `0 ${(n * 7) % count}`))?.value, (n * 7) % count)
    }
  })()
  const { keyId, resealed } = await rotateMasterKey(masterKey, [store, other])
  rotating = false
  await serving
  assert.notEqual(keyId, oldId)
  assert.ok(resealed > count * 2, `${resealed} were sealed again`)
  for (const name of ['authority', 'bff']) {
    const stored = values(join(home, `${name}.db`))
    assert.equal(stored.length, count * 2 + 1)
    assert.ok(stored.every(value => value.startsWith(`s1.${keyId}.`)))
  }
  assert.equal((await other.of('öther').peek('session', '1 7'))?.value, 7)
  assert.equal((await store.of('acme').peek('session', '0 7'))?.value, before?.value)
  assert.equal(statSync(join(home, 'master.key')).mode & 0o777, 0o600)
  await Promise.all([store.close(), other.close()])
})

test('a rotation leaves versions as they are, so a replace that was under way still fits', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const { masterKey, open } = opener(home)
  const store = await open()
  const tenant = store.of('acme')
  await tenant.commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  const version = (await tenant.peek('session', 'k'))?.version ?? 0
  await rotateMasterKey(masterKey, [store])
  const replace = { replace: { kind: 'session', key: 'k', value: 2 }, version }
  assert.deepEqual(await tenant.commit([replace]), { committed: true })
  await store.close()
})

test('another process that has the older key reads and writes on, through two rotations', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const [here, there] = [opener(home), opener(home)]
  const [store, other] = [await here.open(), await there.open()]
  const put = (value: number) => other.of('acme').commit([{ put: { kind: 'session', key: 'k', value } }])
  await put(1)
  await rotateMasterKey(here.masterKey, [store])
  await put(2) // sealed with the key that it knows, until it meets a value of the new one
  assert.equal((await store.of('acme').peek('session', 'k'))?.value, 2)
  await rotateMasterKey(here.masterKey, [store])
  assert.equal((await other.of('acme').peek('session', 'k'))?.value, 2)
  await put(3)
  await Promise.all([store.close(), other.close()])
  const again = await opener(home).open()
  assert.equal((await again.of('acme').peek('session', 'k'))?.value, 3)
  await again.close()
})

test('after two rotations a stolen backup of the first key opens nothing', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const { masterKey, open } = opener(home)
  const store = await open()
  await store.of('acme').commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  const path = join(home, 'master.key')
  copyFileSync(path, `${path}.stolen`)
  for (const _ of [1, 2]) await rotateMasterKey(masterKey, [store])
  await store.close()
  assert.equal(readFileSync(path, 'utf8').trim().split('\n').length, 2)
  writeFileSync(path, readFileSync(`${path}.stolen`))
  await assert.rejects(opener(dirname(path)).open(), { code: 'wrong_key' })
})

test('a rotation that was interrupted before all was sealed again is finished by the next one', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const { masterKey, open } = opener(home)
  const store = await open()
  await store.of('acme').commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  const broken = { reseal: () => Promise.reject(new Error('the disk is full')) }
  await assert.rejects(rotateMasterKey(masterKey, [broken]), /the disk is full/)
  await store.close()
  const next = opener(home)
  const reopened = await next.open()
  assert.equal((await reopened.of('acme').peek('session', 'k'))?.value, 1)
  const { keyId } = await rotateMasterKey(next.masterKey, [reopened])
  assert.ok(values(join(home, 'authority.db')).every(value => value.startsWith(`s1.${keyId}.`)))
  await reopened.close()
})

test('a key of the environment is rotated by the environment: two keys, then reseal', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const [older, newer] = [newKey(), newKey()]
  const first = opener(home, { SALLYPORT_MASTER_KEY: older })
  const store = await first.open()
  await store.of('acme').commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  await assert.rejects(rotateMasterKey(first.masterKey, [store]), { code: 'unusable_key' })
  await store.close()
  const both = await opener(home, { SALLYPORT_MASTER_KEY: `${newer},${older}` }).open()
  assert.equal(await both.reseal(), 2)
  assert.equal(await both.reseal(), 0)
  await both.close()
  const last = await opener(home, { SALLYPORT_MASTER_KEY: newer }).open()
  assert.equal((await last.of('acme').peek('session', 'k'))?.value, 1)
  await last.close()
})

test('a kind that is no longer named as sealed is an error, not its ciphertext', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const { open } = opener(home)
  const store = await open()
  await store.of('acme').commit([{ put: { kind: 'session', key: 'k', value: 1 } }])
  await store.close()
  const plain = await open('authority', [])
  await assert.rejects(Promise.resolve(plain.of('acme').peek('session', 'k')), {
    code: 'unsealed',
    hint: 'Name the kind in sealedKinds.',
  })
  await plain.close()
})
