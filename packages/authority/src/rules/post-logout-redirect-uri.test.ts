import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePostLogoutRedirect } from './post-logout-redirect-uri.ts'

const client = { post_logout_redirect_uris: ['https://shop.example/bye', 'https://shop.example/bye?a=1'] }

test('after signing out only a registered address is opened, byte for byte, with state (RP-Initiated Logout §2, §3)', () => {
  assert.deepEqual(judgePostLogoutRedirect('https://shop.example/bye', client, 'a&b'), {
    location: 'https://shop.example/bye?state=a%26b',
  })
  assert.deepEqual(judgePostLogoutRedirect('https://shop.example/bye?a=1', client, 'x'), {
    location: 'https://shop.example/bye?a=1&state=x',
  })
  assert.deepEqual(judgePostLogoutRedirect('https://shop.example/bye', client, undefined), {
    location: 'https://shop.example/bye',
  })
  assert.deepEqual(judgePostLogoutRedirect(undefined, client, 'x'), {})
})

test('any other address is refused, and so is every address without a client (RP-Initiated Logout §3)', () => {
  for (const sent of ['https://shop.example/bye/', 'https://evil.example/', '//evil.example', 'javascript:alert(1)'])
    assert.equal('refused' in judgePostLogoutRedirect(sent, client, undefined), true, sent)
  assert.equal('refused' in judgePostLogoutRedirect('https://shop.example/bye', undefined, undefined), true)
})
