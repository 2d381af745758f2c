import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageAlert, pageForms, pageHeading } from './page.ts'

const page = `<h1>Allow <b>Web &amp; app</b>?</h1>
<p class="note bad" role="alert" hidden>Passkeys do not work here.</p><p class="note bad" role="alert"></p>
<form method="post" action="/consent?a=1&amp;b=2"><input type="hidden" name="csrf" value="&quot;x&quot;"><input name="username">
<button type="submit" name="answer" value="deny">Deny</button><button name="answer" value="allow">Allow</button></form>
<form action="/search"><input name="q"></form>`

test('forms are read with their fields, buttons and unescaped values', () => {
  const [consent, search] = pageForms(page)
  assert.deepEqual([consent?.method, consent?.action], ['POST', '/consent?a=1&b=2'])
  assert.deepEqual(
    [...(consent?.fields ?? [])],
    [
      ['csrf', '"x"'],
      ['username', ''],
    ],
  )
  assert.deepEqual(consent?.buttons, [
    { name: 'answer', value: 'deny' },
    { name: 'answer', value: 'allow' },
  ])
  assert.equal(search?.method, 'GET')
})

test('the heading is text, and an alert that is hidden or empty says nothing', () => {
  assert.equal(pageHeading(page), 'Allow Web & app?')
  assert.equal(pageAlert(page), undefined)
  assert.equal(pageAlert('<p role="alert">That is <b>wrong</b>.</p>'), 'That is wrong.')
})
