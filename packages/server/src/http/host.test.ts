import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHost } from './host.ts'

test('a name, an IPv4 and a bracketed IPv6 address are read, with or without a port (RFC 9110 §7.2)', () => {
  assert.deepEqual(parseHost('LocalHost:4000'), { hostname: 'localhost', port: 4000 })
  assert.deepEqual(parseHost('auth.example'), { hostname: 'auth.example', port: undefined })
  assert.deepEqual(parseHost('127.0.0.1:80'), { hostname: '127.0.0.1', port: 80 })
  assert.deepEqual(parseHost('[::1]:4000'), { hostname: '[::1]', port: 4000 })
  assert.deepEqual(parseHost('[::1]'), { hostname: '[::1]', port: undefined })
})

test('everything else is refused, not repaired', () => {
  const wrong = [
    '',
    ' ',
    'a b',
    'a,b',
    'a@b',
    'a/b',
    'a:',
    'a:0',
    'a:65536',
    'a:1:2',
    'a:x',
    '::1',
    '[::1',
    '[::1]x',
    '[1]',
    'a..b',
    'a.',
    '.a',
    '-a',
    'a-',
    'ä',
    'a%41',
    'a\r\n',
    `${'a'.repeat(64)}.b`,
  ]
  for (const header of wrong) assert.equal(parseHost(header), undefined, JSON.stringify(header))
  assert.equal(parseHost(undefined), undefined)
})

test('what it accepts, a URL reads to the same name', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map(each => `[${each}]`),
      ),
      fc.integer({ min: 1, max: 65_535 }),
      (name, port) => {
        const host = parseHost(`${name}:${port}`)
        assert.equal(host?.port, port)
        assert.equal(new URL(`http://${host?.hostname}:${port}`).hostname, new URL(`http://${name}`).hostname)
      },
    ),
    { numRuns: 1000 },
  )
})

test('no header makes it throw, and nothing it accepts can carry a second meaning', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a1.-:[]@/\\ ,%\r\n\t#?_'), maxLength: 30 }), header => {
      const host = parseHost(header)
      if (host !== undefined) assert.match(host.hostname, /^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/)
    }),
    { numRuns: 5000 },
  )
})
