import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { answer } from './answer.ts'
import { type ErrorCode, errorCodes, type GuardErrorCode } from './error-codes.ts'

const facts = { resourceMetadata: 'https://api.test/m', scope: '', dpopAlgorithms: 'ES256', dpopOnly: false }

for (const [name, code] of Object.entries(errorCodes) as [GuardErrorCode, ErrorCode][]) {
  test(`${name} has its page and is answered as its page says`, async () => {
    const page = await readFile(new URL(`../../../docs/errors/${name}.md`, import.meta.url), 'utf8')
    assert.match(page, new RegExp(`^# ${name}\n\n${code.status}, door ${code.door === 1 ? 'one' : 'two'}\\.`))
    assert.match(page, /\*\*What it means\.\*\*[\s\S]+\*\*How to see it\.\*\*[\s\S]+\*\*What to do\.\*\*/)
    const { status, headers, body } = answer({ refused: name, expected: 'a-secret', got: 'a-secret' }, facts, 'r1')
    assert.equal(status, code.status)
    assert.equal(headers['retry-after'], code.status === 503 ? '1' : undefined)
    assert.doesNotMatch(JSON.stringify(headers) + body, /a-secret/)
  })
}
