import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { headersForService, strippedByName } from './forwarded-headers.ts'
import { headersToRemove, unstrippable } from './proxy-headers.ts'

const names = fc.constantFrom(
  'Authorization',
  'DPoP',
  'Cookie',
  'X-Forwarded-For',
  'X-Forwarded-Colour',
  'X-Sallyport-Subject',
  'X-Auth-Request-Anything',
  'X_Real_IP',
  'Client-Cert',
  'X-Original-URI',
  'Accept',
  'X-A',
)
const sent = fc.array(fc.tuple(names, fc.string({ maxLength: 5 })), { maxLength: 10 })

test('what Envoy takes away leaves what the built-in proxy would pass on (RFC 9700 §4.13)', () => {
  fc.assert(
    fc.property(sent, lines => {
      const remove = new Set(headersToRemove(lines.flat(), false).split(','))
      const left = lines
        .filter(([name]) => !remove.has(name.toLowerCase()))
        .flatMap(([name, text]) => [name.toLowerCase(), text])
      assert.deepEqual(left, headersForService(lines.flat()))
    }),
    { numRuns: 5_000 },
  )
})

test('the decision’s own Authorization is not taken away again; a caller’s is, where the decision has none', () => {
  const raw = ['Authorization', 'Bearer outside', 'DPoP', 'x']
  assert.equal(headersToRemove(raw, true), 'dpop')
  assert.equal(headersToRemove(raw, false), 'authorization,dpop')
})

test('what Envoy says on its own account stays', () => {
  const raw = ['host', 'a', 'content-length', '0', 'x-request-id', 'r', 'x-envoy-expected-rq-timeout-ms', '1']
  assert.equal(headersToRemove(raw, true), '')
})

test('a header that nginx cannot be told to strip is named, one that it strips is not', () => {
  assert.equal(unstrippable(['X-Forwarded-For', '1', 'Cookie', 'a', 'X-Sallyport-Secret', 's', 'X-A', 'b']), undefined)
  for (const name of ['X-Forwarded-Colour', 'X-Sallyport-Subject', 'X_Forwarded_For', 'SSL-Client-Anything']) {
    assert.equal(unstrippable(['Accept', '*/*', name, '1']), name)
  }
})

test('the committed configuration of nginx strips every name that the decision service counts on it to strip', () => {
  const text = readFileSync(new URL('../../../../deploy/nginx/strip.conf', import.meta.url), 'utf8')
  const stripped = [...text.matchAll(/^proxy_set_header (\S+) "";$/gm)].map(([, name]) => name)
  const setByIt = ['authorization', 'host', 'content-length', 'connection', 'transfer-encoding']
  const setByTheDecision = ['forwarded', 'via', 'x-request-id']
  assert.deepEqual(
    stripped.toSorted(),
    [...strippedByName.difference(new Set([...setByIt, ...setByTheDecision]))].toSorted(),
  )
})
