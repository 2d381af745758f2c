import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSealer, openMasterKey, openPostgresStore, openRedis, StoreError } from '@sallyport/store'
import { ownAuthority } from './own-authority.ts'

const authority = ownAuthority()
const good = { ca: authority.ca, ...(await authority.client('sallyport')) }
const other = await authority.client('other')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-files-'))
const secret = readFileSync(good.key, 'utf8').split('\n')[1] ?? ''

interface Named {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const now = () => Math.floor(Date.now() / 1000)

/** What opening each store says; nothing listens at either address. */
const openings: Readonly<Record<string, (named: Named) => Promise<{ close(): Promise<void> }>>> = {
  async postgres({ ca, cert, key }) {
    const named = Object.entries({ sslrootcert: ca, sslcert: cert, sslkey: key }).filter(
      ([, path]) => path !== undefined,
    )
    const sealer = createSealer(openMasterKey({ home: folder, environment: {} }), 'tls')
    const words = new URLSearchParams(named.map(([name, path]) => [name, String(path)]))
    const url = `postgres://sallyport@127.0.0.1:1/postgres?sslmode=verify-full&${words}`
    return openPostgresStore({ url, nowSeconds: now, sealer, sealedKinds: [] })
  },
  async redis(tls) {
    const claimKinds = { proof: { lifetimeSeconds: 60 } }
    const more = { claimKinds, rateLimitsWhenLost: 'closed', nowSeconds: now, onAlarm: () => undefined } as const
    return openRedis({ urls: ['rediss://127.0.0.1:1'], tls, ...more })
  },
}

const settings: Readonly<Record<string, Required<Named>>> = {
  postgres: { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' },
  redis: { ca: 'redis.tlsCa', cert: 'redis.tlsCert', key: 'redis.tlsKey' },
}

async function said(store: string, named: Named): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await (await openings[store]?.(named))?.close()
    return { code: 'opened', message: '' }
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error))
    assert.doesNotMatch(error.message, /\n/)
    assert.ok(!error.message.includes(secret))
    return error
  }
}

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}

for (const [store, setting] of Object.entries(settings)) {
  test(`${store}: files that are good stop no start`, async () => {
    const expected = { postgres: 'unreachable', redis: 'opened' }[store]
    for (const named of [good, { ca: good.ca }, { cert: good.cert, key: good.key }])
      assert.equal((await said(store, named)).code, expected)
  })

  test(`${store}: a file that cannot be used stops the start with one line that names it and its setting`, async () => {
    const nowhere = join(folder, 'nowhere.pem')
    const text = file('text.pem', 'no PEM')
    const sealed = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' } as const
    const locked = file('locked.pem', String(createPrivateKey(readFileSync(good.key)).export(sealed)))
    const cases: readonly (readonly [keyof Named, string, RegExp])[] = [
      ['ca', nowhere, /cannot be read \(ENOENT\)/],
      ['cert', nowhere, /cannot be read \(ENOENT\)/],
      ['key', nowhere, /cannot be read \(ENOENT\)/],
      ['key', folder, /cannot be read \(EISDIR\)/],
      ['ca', text, /holds no certificate/],
      ['cert', text, /holds no certificate/],
      ['cert', good.key, /holds no certificate/],
      ['key', text, /holds no private key/],
      ['key', file('empty.pem', ''), /holds no private key/],
      ['key', locked, /under a passphrase/],
      ['key', other.key, /is not the key of/],
    ]
    for (const [name, path, problem] of cases) {
      const { code, message } = await said(store, { ...good, [name]: path })
      assert.equal(code, 'cannot_open', message)
      assert.ok(message.startsWith(`${setting[name]} (${path}) `), message)
      assert.match(message, problem)
    }
  })

  test(`${store}: a certificate without its key, or a key alone, is a mistake`, async () => {
    assert.match((await said(store, { cert: good.cert })).message, new RegExp(`is nothing without ${setting.key}`))
    assert.match((await said(store, { key: good.key })).message, new RegExp(`is nothing without ${setting.cert}`))
  })

  test(`${store}: the text of a file in the place of its path is in no message`, async () => {
    const pem = readFileSync(good.key, 'utf8')
    const body = pem.split('\n').slice(1).join('\n')
    for (const named of [{ key: pem }, { ...good, key: pem }, { ...good, key: body }, { ...good, ca: pem }])
      assert.match((await said(store, named)).message, /\(a PEM text, not a path\)/)
  })

  test(`${store}: a key that others may read is refused; one of root's may be its group's, as libpq has it`, async () => {
    const key = file('open.key.pem', readFileSync(good.key, 'utf8'))
    const isRoots = statSync(key).uid === 0
    const refused = {
      '600': false,
      '400': false,
      '640': !isRoots,
      '440': !isRoots,
      '660': true,
      '604': true,
      '644': true,
    }
    for (const [mode, isRefused] of Object.entries(refused)) {
      chmodSync(key, Number.parseInt(mode, 8))
      const { message } = await said(store, { ...good, key })
      assert.equal(/is open to other users/.test(message), isRefused, `${mode}: ${message}`)
    }
  })
}

test('files for a Redis that is spoken to openly, or for some of its nodes, are a mistake', async () => {
  const claimKinds = { proof: { lifetimeSeconds: 60 } }
  const more = { claimKinds, rateLimitsWhenLost: 'closed', nowSeconds: now, onAlarm: () => undefined } as const
  const open = (urls: readonly string[], tls: Named) => openRedis({ urls, tls, ...more })
  await assert.rejects(open(['redis://127.0.0.1:1'], good), {
    code: 'cannot_open',
    message: /redis\.tlsCa is given, but/,
  })
  const mixed = ['rediss://:hunter22@127.0.0.1:1', 'redis://:hunter22@127.0.0.1:2']
  await assert.rejects(open(mixed, {}), ({ message }) => /some of its URLs/.test(message) && !/hunter22/.test(message))
})
