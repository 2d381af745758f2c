import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Html, html, safeHref } from './html.ts'

test('a value can neither open a tag nor leave its quotes (WHATWG HTML §13.1.2.3)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), value => {
      const printed = html`<p title="${value}">${value}</p>`.toString()
      const inside = printed.slice('<p title="'.length, -'</p>'.length)
      const [attribute = '', text = ''] = inside.split('">')
      for (const part of [attribute, text]) assert.doesNotMatch(part, /[<>"'`]|&(?!#\d+;)/)
      assert.equal(part(attribute), value)
      assert.equal(part(text), value)
    }),
  )
})

test('the usual injections print as text', () => {
  for (const attack of [
    '<script>alert(1)</script>',
    '" onmouseover="alert(1)',
    "' autofocus onfocus='x",
    '</title><img src=x onerror=alert(1)>',
    '`x`',
    '&lt;',
  ]) {
    assert.equal(html`<a title="${attack}">${attack}</a>`.toString().match(/<|>/g)?.length, 4)
  }
})

test('markup made by the template prints as it is, lists one after the other, false and undefined not at all', () => {
  assert.equal(
    html`<ul>${['a', '<b>'].map(each => html`<li>${each}</li>`)}${false}${undefined}${0}</ul>`.toString(),
    '<ul><li>a</li><li>&#60;b&#62;</li>0</ul>',
  )
})

test('an attribute without quotes is refused, and so is markup inside quotes', () => {
  const value: string | Html = 'x'
  assert.throws(() => html`<input value=${value}>`, RangeError)
  assert.throws(() => html`<input value="${html`<b>`}">`, RangeError)
  assert.equal(html`<a href="${'/a'}?b=${'c'}">d = ${'e'}</a>`.toString(), '<a href="/a?b=c">d = e</a>')
})

test('a link leads to http, https or our own path, never to a script', () => {
  for (const target of ['https://a.example/x', 'http://localhost:1/', '/account'])
    assert.equal(safeHref(target), target)
  for (const target of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '/\\evil.example',
    'vbscript:x',
    '',
  ])
    assert.equal(safeHref(target), '#')
})

const part = (escaped: string): string => escaped.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
