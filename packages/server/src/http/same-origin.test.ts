import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeSameOrigin } from './same-origin.ts'

const ours = ['https://shop.example']

function judge(origin: string | undefined, site: string | undefined): string {
  const verdict = judgeSameOrigin({ origin, 'sec-fetch-site': site }, ours)
  return typeof verdict === 'string' ? verdict : verdict.refused
}

test('our own page is told by Origin, by Sec-Fetch-Site, or by both agreeing (Fetch Metadata §2.4)', () => {
  assert.equal(judge('https://shop.example', 'same-origin'), 'same_origin')
  assert.equal(judge('https://shop.example', undefined), 'same_origin')
  assert.equal(judge('https://shop.example', 'none'), 'same_origin')
  assert.equal(judge(undefined, 'same-origin'), 'same_origin')
})

test('another site, a sibling, an opaque origin and two answers that differ are refused', () => {
  for (const [origin, site] of [
    ['https://evil.example', 'cross-site'],
    ['https://evil.example', 'same-origin'],
    ['https://shop.example', 'cross-site'],
    ['https://shop.example', 'same-site'],
    ['https://shop.example.evil.example', undefined],
    ['https://shop.example:444', undefined],
    ['http://shop.example', undefined],
    ['https://shop.example/', undefined],
    ['null', 'same-origin'],
    ['', undefined],
    [undefined, 'none'],
    [undefined, 'same-site'],
    [undefined, 'same-origin, same-origin'],
  ] as const) {
    assert.equal(judge(origin, site), 'cross_origin', `${origin} ${site}`)
  }
})

test('a request that says nothing is refused', () => {
  assert.equal(judge(undefined, undefined), 'origin_unknown')
})
