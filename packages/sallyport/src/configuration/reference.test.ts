import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationReference } from './reference.ts'

test('docs/reference/configuration.md says what the code says', () => {
  const page = new URL('../../../../docs/reference/configuration.md', import.meta.url)
  const hint = 'Run: npx sallyport config reference > docs/reference/configuration.md'
  assert.equal(readFileSync(page, 'utf8'), configurationReference(), hint)
})
