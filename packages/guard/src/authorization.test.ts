import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAuthorization } from './authorization.ts'
import type { DescribedRequest } from './described-request.ts'

function request(changes: Partial<DescribedRequest>): DescribedRequest {
  return {
    method: 'GET',
    target: '/orders',
    authorization: undefined,
    dpop: undefined,
    form: undefined,
    route: undefined,
    requestId: 'r1',
    certificate: undefined,
    ...changes,
  }
}

test('schemes are read without regard to case (RFC 9110 §11.1)', () => {
  assert.deepEqual(readAuthorization(request({ authorization: 'bEARER a.b.c' })), { scheme: 'Bearer', token: 'a.b.c' })
  assert.deepEqual(readAuthorization(request({ authorization: 'dpop a.b.c' })), { scheme: 'DPoP', token: 'a.b.c' })
})

const refusals: readonly (readonly [Partial<DescribedRequest>, string])[] = [
  [{}, 'token_missing'],
  [{ authorization: [] }, 'token_missing'],
  [{ authorization: ['Bearer a', 'Bearer a'] }, 'credentials_repeated'],
  [{ authorization: 'Bearer a, Bearer b' }, 'credentials_repeated'],
  [{ authorization: 'Basic YTpi' }, 'scheme_unknown'],
  [{ authorization: 'eyJhbGciOiJub25lIn0' }, 'scheme_unknown'],
  [{ authorization: 'Bearer' }, 'authorization_malformed'],
  [{ authorization: 'Bearer ' }, 'authorization_malformed'],
  [{ authorization: 'Bearer a b' }, 'authorization_malformed'],
  [{ authorization: 'Bearer "a"' }, 'authorization_malformed'],
  [{ authorization: `Bearer ${'a'.repeat(8193)}` }, 'token_malformed'],
  [{ authorization: 'Bearer a', target: '/orders?access_token=a' }, 'token_in_query'],
  [{ authorization: 'Bearer a', target: '/orders?%61ccess_token=a' }, 'token_in_query'],
  [{ authorization: 'Bearer a', form: { access_token: 'a' } }, 'token_in_body'],
]

for (const [changes, refused] of refusals) {
  test(`${JSON.stringify(changes).slice(0, 80)} is ${refused} (RFC 6750 §2 and §3.1)`, () => {
    const read = readAuthorization(request(changes))
    assert.equal('refused' in read && read.refused, refused)
  })
}

test('whatever the header holds, it is read or refused and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (authorization, query) => {
      const read = readAuthorization(request({ authorization, target: `/?${query}` }))
      assert.ok('refused' in read || /^[A-Za-z0-9._~+/-]+=*$/.test(read.token))
    }),
    { numRuns: 2000 },
  )
})
