import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { checkTransport } from './transport.ts'

const refusal = (url: string): string | undefined => {
  try {
    checkTransport(url)
    return undefined
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, 'cannot_open')
    assert.doesNotMatch(error.message, /hunter22/)
    return error.message
  }
}

test('another machine is spoken to under TLS to a name that is proven, or openly because the URL says so', () => {
  const at = 'postgres://sallyport:hunter22@db.internal:5432/sallyport'
  assert.equal(refusal(`${at}?sslmode=verify-full`), undefined)
  const ca = join(mkdtempSync(join(tmpdir(), 'sallyport-transport-')), 'ca.pem')
  assert.match(refusal(`${at}?sslmode=verify-full&sslrootcert=${ca}`) ?? '', /^sslrootcert .*ENOENT/)
  writeFileSync(ca, rootCertificates[0] ?? '')
  assert.equal(refusal(`${at}?sslmode=verify-full&sslrootcert=${ca}`), undefined)
  assert.equal(refusal(`${at}?sslmode=disable`), undefined)
  assert.match(refusal(at) ?? '', /no sslmode.*sslmode=verify-full/)
  assert.match(refusal('postgres://sallyport@localhost:5432/a?host=db.internal') ?? '', /no sslmode/)
  assert.match(refusal('postgres://sallyport@localhost.internal/a') ?? '', /no sslmode/)
})

test('what encrypts to whoever answers is refused, also on this machine', () => {
  for (const at of ['db.internal', '127.0.0.1']) {
    for (const said of ['sslmode=require', 'sslmode=prefer', 'sslmode=no-verify', 'sslmode=verify-ca', 'sslmode='])
      assert.match(refusal(`postgres://u:hunter22@${at}/a?${said}`) ?? '', /leaves open who answers/)
    for (const said of ['ssl=true', 'ssl=0', 'sslmode=verify-full&uselibpqcompat=true', 'sslmode=disable&ssl=1'])
      assert.match(refusal(`postgres://u:hunter22@${at}/a?${said}`) ?? '', /its URL has/)
    const twice = 'sslmode=verify-full&sslmode=no-verify'
    assert.match(refusal(`postgres://u:hunter22@${at}/a?${twice}`) ?? '', /several/)
  }
})

test('this machine needs no sslmode: loopback and sockets', () => {
  for (const url of [
    'postgres://sallyport@localhost/a',
    'postgres://sallyport@127.0.0.1:5433/a',
    'postgres://sallyport@127.1.2.3/a',
    'postgres://sallyport@[::1]:5433/a',
    'postgres:///a?host=/run/postgresql',
    'postgres://sallyport@/a',
  ])
    assert.equal(refusal(url), undefined, url)
})
