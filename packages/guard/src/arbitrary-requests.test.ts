import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import fc from 'fast-check'
import type { DescribedRequest } from './described-request.ts'
import { errorCodes } from './error-codes.ts'
import type { Guard } from './guard.ts'
import { openGuard } from './http/open.ts'
import { resource } from './http/testing/adapter-suite.ts'
import { dpop } from './http/testing/exchange.ts'
import { type TestIssuer, testIssuer } from './http/testing/test-issuer.ts'

const runs = 3_000
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const key = generateSigningKey('ES256')
let issuer: TestIssuer
let guard: Guard
let bound: string

before(async () => {
  issuer = await testIssuer()
  guard = openGuard({ issuer: issuer.issuer, resource, log: quiet })
  bound = await issuer.token({ cnf: { jkt: key.publicJwk.kid ?? '' } })
})
after(async () => {
  guard.close()
  await issuer.close()
})

/** A good text with one character changed, cut off or put in. */
function spoiled(good: string): fc.Arbitrary<string> {
  const other = fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code))
  return fc
    .tuple(fc.nat(good.length - 1), other, fc.constantFrom('change', 'cut', 'insert'))
    .map(([at, character, how]) => {
      if (how === 'cut') return good.slice(0, at)
      return good.slice(0, at) + character + good.slice(how === 'change' ? at + 1 : at)
    })
    .filter(text => text.trim() !== good)
}

function described(changes: Partial<DescribedRequest>): DescribedRequest {
  return {
    method: 'GET',
    target: '/orders',
    authorization: undefined,
    dpop: undefined,
    form: undefined,
    route: '/orders',
    requestId: 'r1',
    certificate: undefined,
    ...changes,
  }
}

async function refusalOf(request: DescribedRequest): Promise<string> {
  const passed = await guard.pass(guard.declare('read:orders'), request, {})
  assert.ok('status' in passed, 'let through')
  const { code } = JSON.parse(passed.body)
  assert.ok(Object.hasOwn(errorCodes, code))
  assert.ok(passed.status === 400 || passed.status === 401, `${passed.status} ${code}`)
  for (const value of Object.values(passed.headers)) assert.match(value, /^[\x20-\x7e]*$/)
  return code
}

test(`${runs} arbitrary headers and targets are refused by a code of the catalogue, and nothing is thrown`, async () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 })
  const authorization = fc.oneof(
    fc.option(text, { nil: undefined }),
    fc.array(text, { maxLength: 3 }),
    fc.tuple(fc.constantFrom('Bearer', 'DPoP', 'Basic'), text).map(words => words.join(' ')),
    fc
      .tuple(text, text, text)
      .map(parts => `Bearer ${parts.map(part => Buffer.from(part).toString('base64url')).join('.')}`),
  )
  const request = fc.record({
    authorization,
    dpop: fc.option(text, { nil: undefined }),
    target: text.map(path => `/${path}`),
  })
  await fc.assert(
    fc.asyncProperty(request, async changes => void (await refusalOf(described(changes)))),
    { numRuns: runs },
  )
})

test(`${runs} spoiled tokens are refused, each by the door (RFC 9068 §4)`, async () => {
  const good = await issuer.token({})
  await fc.assert(
    fc.asyncProperty(spoiled(good), async token => {
      await refusalOf(described({ authorization: `Bearer ${token}` }))
    }),
    { numRuns: runs },
  )
})

test(`${runs} spoiled proofs are refused, and the honest one still passes (RFC 9449 §4.3)`, async () => {
  const proof = dpop(key, bound, 'GET', `${resource}/orders`)[1]?.[1] ?? ''
  const authorization = `DPoP ${bound}`
  await fc.assert(
    fc.asyncProperty(spoiled(proof), async spoiledProof => {
      assert.equal(await refusalOf(described({ authorization, dpop: spoiledProof })), 'invalid_dpop_proof')
    }),
    { numRuns: runs },
  )
  const passed = await guard.pass(guard.declare('read:orders'), described({ authorization, dpop: proof }), {})
  assert.ok('caller' in passed)
})
