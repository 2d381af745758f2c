import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readOriginalRequest } from './original-request.ts'

const named = ['X-Original-Method', 'POST', 'X-Original-URI', '/orders?a=1', 'X-Original-Address', '192.0.2.7']
const ofNginx = (rawHeaders: readonly string[], url = '/decide') =>
  readOriginalRequest('nginx', { method: 'GET', url, rawHeaders })
const ofEnvoy = (url: string, rawHeaders: readonly string[], method = 'POST') =>
  readOriginalRequest('envoy', { method, url, rawHeaders })

test('nginx names the request in three headers, each once, in any spelling', () => {
  const expected = { method: 'POST', target: '/orders?a=1', address: '192.0.2.7' }
  assert.deepEqual(ofNginx(named), expected)
  assert.deepEqual(ofNginx(named.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text))), expected)
})

test('a caller’s own header beside that of nginx is seen and refused, whichever stands first', () => {
  for (const name of ['X-Original-Method', 'X-Original-URI', 'X-Original-Address', 'x-original-uri']) {
    for (const headers of [
      [...named, name, '/admin'],
      [name, '/admin', ...named],
    ]) {
      assert.ok('refused' in ofNginx(headers), `${name} in ${headers}`)
    }
  }
})

test('a question of nginx without one of the three, or at another path, is refused', () => {
  for (let at = 0; at < named.length; at += 2) assert.ok('refused' in ofNginx(named.toSpliced(at, 2)))
  for (const url of ['/decide/orders', '/decide?x', '/decided', '/']) assert.ok('refused' in ofNginx(named, url))
})

test('Envoy sends method and path themselves; the caller is who its configuration names, not who X-Forwarded-For does', () => {
  const asked = ['x-forwarded-for', '6.6.6.6,192.0.2.7,10.0.0.1', 'x-original-address', '192.0.2.7']
  assert.deepEqual(ofEnvoy('/decide/orders?a=1', asked), {
    method: 'POST',
    target: '/orders?a=1',
    address: '192.0.2.7',
  })
  assert.ok('refused' in ofEnvoy('/decide/orders', ['x-forwarded-for', '192.0.2.7']))
  assert.ok('refused' in ofEnvoy('/decide/orders', ['x-original-address', 'unknown']))
  assert.ok('refused' in ofEnvoy('/decide/orders', [...asked, 'X-Original-Address', '6.6.6.6']))
  assert.ok('refused' in ofEnvoy('/decide', asked))
})

test('the method and target that nginx names are nothing to Envoy’s questions', () => {
  const read = ofEnvoy('/decide/orders', named, 'GET')
  assert.deepEqual(read, { method: 'GET', target: '/orders', address: '192.0.2.7' })
})

test('methods that no service gets are refused', () => {
  for (const method of ['CONNECT', 'TRACE', 'get', 'PROPFIND', '', 'GET ']) {
    assert.ok('refused' in ofNginx(named.with(1, method)), method)
    assert.ok('refused' in ofEnvoy('/decide/orders', ['x-original-address', '::1'], method), method)
  }
})

test('whatever headers come, a question of nginx is about what all of them say, or refused', () => {
  const name = fc.constantFrom(
    'X-Original-URI',
    'x-original-uri',
    'X-Original-Method',
    'X-Original-Address',
    'X-A',
    'Host',
  )
  const value = fc.constantFrom('/orders', '/admin', 'GET', 'POST', '192.0.2.7', '::1', '')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), sent => {
      const read = ofNginx(sent.flat())
      if ('refused' in read) return
      const of = (wanted: string) => sent.filter(([each]) => each.toLowerCase() === wanted).map(([, text]) => text)
      assert.deepEqual(of('x-original-uri'), [read.target])
      assert.deepEqual(of('x-original-method'), [read.method])
      assert.deepEqual(of('x-original-address'), [read.address])
    }),
    { numRuns: 20_000 },
  )
})
