import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { bearer } from '@sallyport/guard/testing/exchange'
import { gatewayHarness, outside, raw } from './testing/gateway-harness.ts'

const harness = await gatewayHarness()
const { issuer, origin, seen, get } = harness
after(() => harness.close())
beforeEach(() => harness.reset())

for (const path of [
  '/orders/../admin',
  '/orders/%2e%2e/admin',
  '/orders%2fadmin',
  '/orders/%252e%252e/x',
  '/orders//x',
  '/orders/%00',
  '/orders/..;/x',
]) {
  test(`${path} is 400 and reaches no service (RFC 3986 §3.3)`, async () => {
    const { status } = await get(path, bearer(issuer.opaque({ aud: outside })))
    assert.equal(status, 400)
    assert.equal(seen.length, 0)
  })
}

const smuggling: readonly (readonly [string, string])[] = [
  ['CL and TE', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['TE and CL', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  ['a list of lengths', 'Content-Length: 4, 5\r\n\r\nabcde'],
  ['a signed length', 'Content-Length: +4\r\n\r\nabcd'],
  ['a hidden TE', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
  ['a folded TE', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
  ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['chunked not last', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a bare CR', 'X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bare LF', 'X-A: b\nContent-Length: 0\r\n\r\n'],
  ['a NUL', 'X-A: b\0c\r\nContent-Length: 0\r\n\r\n'],
  ['a bad chunk size', 'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n'],
]

for (const [what, rest] of smuggling) {
  test(`a request with ${what} is refused, and nothing after it is read as a request (RFC 9112 §6.1, §6.3, §11.2)`, async () => {
    const token = issuer.opaque({ aud: outside })
    const smuggled = 'GET /orders/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n'
    const head = `POST /orders/outer HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\n`
    const answer = await raw(origin, head + rest + smuggled)
    assert.match(answer, /^HTTP\/1\.1 (400|501) /)
    assert.equal(answer.match(/HTTP\/1\.1 \d{3} /g)?.length, 1)
    assert.ok(!seen.some(({ url, body }) => url.includes('smuggled') || body.includes('smuggled')))
  })
}

test('a body with GET is refused, so that no two parsers differ about where it ends (RFC 9110 §9.3.1)', async () => {
  const token = issuer.opaque({ aud: outside })
  const head = `GET /orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd`
  assert.match(await raw(origin, head), /^HTTP\/1\.1 400 /)
  assert.equal(seen.length, 0)
})

test('a Host that is not ours is 421 (RFC 9110 §15.5.20)', async () => {
  assert.match(
    await raw(origin, 'GET /orders HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 421 /,
  )
})
