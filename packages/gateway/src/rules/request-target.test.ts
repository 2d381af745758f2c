import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readRequestTarget } from './request-target.ts'

for (const target of [
  '/orders/../admin',
  '/orders/..',
  '/./orders',
  '/orders/%2e%2e/admin',
  '/orders/.%2E/admin',
  '/orders/..;/admin',
  '/orders/..;x=1/admin',
  '/orders%2fadmin',
  '/orders%2F..%2Fadmin',
  '/orders%5cadmin',
  '/orders\\..\\admin',
  '/orders/%252e%252e/admin',
  '/orders/%25%32%65',
  '/orders/%00',
  '/orders/%0d%0aX: y',
  '/orders/%7f',
  '/orders//admin',
  '//evil.test/orders',
  '/orders/%c0%af',
  '/orders/%ff',
  '/orders/%zz',
  '/orders/%2',
  '/orders/ü',
  '/orders/a b',
  '/orders#fragment',
  '/orders?a=#fragment',
  '/orders?a= b',
  'orders',
  '*',
  'http://evil.test/orders',
  '',
]) {
  test(`${JSON.stringify(target)} can be read in more than one way and is refused (RFC 3986 §3.3)`, () => {
    const read = readRequestTarget(target)
    assert.ok('refused' in read)
  })
}

test('what is left is passed on in one spelling (RFC 3986 §6.2.2)', () => {
  assert.deepEqual(readRequestTarget('/%6frders/%7ea%c3%bc?q=%2F..%2f'), {
    path: '/orders/~a%C3%BC',
    query: '?q=%2F..%2f',
  })
  assert.deepEqual(readRequestTarget('/'), { path: '/', query: '' })
  assert.deepEqual(readRequestTarget('/orders/'), { path: '/orders/', query: '' })
  assert.deepEqual(readRequestTarget('/a/100%25'), { path: '/a/100%25', query: '' })
})

test('whatever passes, a URL parser reads the same path out of it, decoded once or twice', () => {
  const piece = fc.constantFrom(
    'a',
    '.',
    '..',
    '/',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    ';',
    '%',
    '25',
    '%25',
    '0',
    '%c0',
    '%af',
    '?',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const read = readRequestTarget(`/${pieces.join('')}`)
      if ('refused' in read) return
      const { pathname } = new URL(`http://a.test${read.path}${read.query}`)
      assert.equal(pathname, read.path)
      assert.doesNotMatch(decodeURIComponent(read.path), /\\|%2f|%2e|(?:^|\/)\.{1,2}(?:\/|$)/i)
    }),
    { numRuns: 20_000 },
  )
})

test('a plain path is taken as it is, and by the way of all others comes out the same', () => {
  const piece = fc.constantFrom('/', 'a', 'Z', '0', '-', '_', '~', '.', '%41', 'é', '//', '', ';', ':')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), pieces => {
      const path = pieces.join('')
      const read = readRequestTarget(path)
      // With a query, a target is never read by the short way.
      const long = readRequestTarget(`${path}?`)
      if ('refused' in read || 'refused' in long) assert.deepEqual('refused' in read, 'refused' in long, path)
      else assert.equal(read.path, long.path)
    }),
    { numRuns: 20_000 },
  )
})
