import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import pg from 'pg'
import { checkTransport, sslOf, transportOf } from './transport.ts'

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
    'postgres:///a?user=sallyport',
    'postgresql://sallyport@%2Frun%2Fpostgresql/a',
    'postgres://sallyport@127.0.0.1/a?sslmode=disable',
  ])
    assert.equal(refusal(url), undefined, url)
})

test('what the driver might read as another machine is refused, or judged as that machine', () => {
  for (const url of [
    'postgres://u:hunter22@/x?host=db.internal',
    'postgres://u:hunter22@db internal/x',
    '/run/x hunter22',
  ])
    assert.match(refusal(url) ?? '', /cannot be read/, url)
  for (const url of [
    'socket:/run/postgresql?db=hunter22',
    'http://u:hunter22@127.0.0.1/x',
    'postgres://u:hunter22%zz@127.0.0.1/x',
    'postgres://u:hunter22@127.0.0.1/x?port=a',
  ])
    assert.match(refusal(url) ?? '', /its URL/, url)
  for (const url of [
    'postgres://u:hunter22@db.internal/x?host=',
    'postgres://u:hunter22@127.0.0.1/x?host=%64b.internal',
    'postgres://u:hunter22@db.internal/x y?ssl%6Dodes=verify-full',
  ])
    assert.match(refusal(url) ?? '', /no sslmode/, url)
})

test('files, and what else is nothing without TLS, are refused where no TLS is asked for', () => {
  for (const said of ['sslrootcert=a.pem', 'sslcert=a.pem', 'sslkey=a.pem', 'sslkey=', 'sslnegotiation=direct'])
    for (const url of [`postgres://u@db.internal/a?sslmode=disable&${said}`, `postgres://u@127.0.0.1/a?${said}`])
      assert.match(refusal(url) ?? '', new RegExp(`its URL has ${said.split('=')[0]}, but not`), url)
})

test('a file without a name is refused: it would be any authority that the system knows', () => {
  for (const name of ['sslrootcert', 'sslcert', 'sslkey'])
    assert.match(refusal(`postgres://u@db.internal/a?sslmode=verify-full&${name}=`) ?? '', new RegExp(`empty ${name}`))
})

/** The driver's, as a connection makes it. */
const clientOf = (url: string) => {
  const transport = transportOf(url)
  return new pg.Client({ ...transport.to, ssl: sslOf(transport) })
}

test('the driver goes where the URL was judged to lead, whatever the environment says', t => {
  const said = { PGHOST: 'db.internal', PGSSLMODE: 'no-verify', NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  const before = { ...process.env }
  t.after(() => {
    for (const name of Object.keys(said)) delete process.env[name]
    Object.assign(process.env, before)
  })
  Object.assign(process.env, said)
  const here = clientOf('postgres:///a')
  assert.deepEqual([here.host, here.ssl], ['localhost', false])
  const open = clientOf('postgres://u@other.internal/a?sslmode=disable')
  assert.deepEqual([open.host, open.ssl], ['other.internal', false])
  const spaced = clientOf('postgres://u:hunter 22@other.internal:5433/x y?ssl%6Dode=verify-full&options=-c a=b')
  assert.deepEqual([spaced.host, spaced.port, spaced.ssl], ['other.internal', 5433, { rejectUnauthorized: true }])
  assert.deepEqual([spaced.user, spaced.password, spaced.database], ['u', 'hunter 22', 'x y'])
  assert.equal(clientOf('postgres://u@%2Frun%2Fpostgresql/a').host, '/run/postgresql')
  assert.equal(clientOf('postgres://u@[::1]/a').host, '::1')
})
