import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RouteMatch, routeTable } from './route-table.ts'

const tokens = { resource: 'http://gateway.test/orders', audience: 'http://orders.test' }
const table = routeTable([
  { prefix: '/', upstream: 'http://shop.test', ...tokens },
  {
    prefix: '/orders',
    upstream: 'http://orders.test/orders/',
    ...tokens,
    public: [{ method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' }],
  },
  { prefix: '/orders/reports', upstream: 'http://reports.test/v1', ...tokens },
])

test('the longest prefix wins, on whole segments', () => {
  const at = (path: string) => urlOf(table.find('GET', path))
  assert.equal(at('/orders'), 'http://orders.test/orders')
  assert.equal(at('/orders/'), 'http://orders.test/orders/')
  assert.equal(at('/orders/1'), 'http://orders.test/orders/1')
  assert.equal(at('/orders/reports/2026'), 'http://reports.test/v1/2026')
  assert.equal(at('/orders2'), 'http://shop.test/orders2')
})

test('a public path is open for its own method alone, HEAD with GET', () => {
  assert.deepEqual(
    ['GET', 'HEAD', 'POST'].map(method => table.find(method, '/orders/openapi.json')?.public),
    [true, true, false],
  )
  assert.equal(urlOf(table.find('GET', '/orders/openapi.json')), 'http://orders.test/openapi.json')
  assert.equal(table.find('GET', '/orders/openapi.json/')?.public, false)
})

test('a wrong route is named at start', () => {
  for (const wrong of [
    { prefix: 'orders', upstream: 'http://a.test' },
    { prefix: '/orders/', upstream: 'http://a.test' },
    { prefix: '/orders', upstream: 'file:///etc' },
    { prefix: '/orders', upstream: 'http://user@a.test' },
    {
      prefix: '/orders',
      upstream: 'http://a.test',
      public: [{ method: 'GET' as const, path: '/x', upstreamPath: '/x' }],
    },
  ]) {
    assert.throws(() => routeTable([{ ...wrong, ...tokens }]), /^Error: gateway: /)
  }
  const twice = { prefix: '/a', upstream: 'http://a.test', ...tokens }
  assert.throws(() => routeTable([twice, twice]), /two routes/)
})

function urlOf(match: RouteMatch | undefined): string {
  return `${match?.origin}${match?.path}`
}
