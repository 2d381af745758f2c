import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { proxyTarget } from './proxy-route.ts'

const routes = [{ prefix: '/api/orders', upstream: 'http://localhost:4100/orders', methods: ['GET', 'POST'] }]
const outcome = (method: string, path: string): string => {
  const target = proxyTarget(method, path, routes)
  return 'url' in target ? target.url : target.refused
}

test('S68 an allowed path leads to its upstream with its query', () => {
  assert.equal(outcome('GET', '/api/orders'), 'http://localhost:4100/orders')
  assert.equal(outcome('GET', '/api/orders/alice-1?x=%2F..'), 'http://localhost:4100/orders/alice-1?x=%2F..')
})

test('S68 paths and methods beside the allow-list are refused', () => {
  assert.equal(outcome('GET', '/api/ordersmore'), 'route_unknown')
  assert.equal(outcome('GET', '/api'), 'route_unknown')
  assert.equal(outcome('DELETE', '/api/orders/alice-1'), 'method_not_allowed')
})

test('S68 what two programs may read differently is refused, not repaired', () => {
  for (const path of [
    '/api/orders/../admin',
    '/api/orders/%2e%2e/admin',
    '/api/orders//x',
    '/api/orders/%2Fx',
    '/api/orders/a\\b',
    '/api/orders/%252e',
    '/api/orders/%00',
    '/api/orders/ ü',
  ]) {
    assert.equal(outcome('GET', path), 'path_not_plain', path)
  }
})

test('S68 no path whatever leaves the upstream prefix', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), tail => {
      const target = proxyTarget('GET', `/api/orders${tail}`, routes)
      if (!('url' in target)) return
      const url = new URL(target.url)
      assert.equal(url.origin, 'http://localhost:4100')
      assert.ok(url.pathname === '/orders' || url.pathname.startsWith('/orders/'), target.url)
    }),
    { numRuns: 2000 },
  )
})
