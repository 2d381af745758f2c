import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { errorCodes, type GatewayErrorName } from './error-codes.ts'
import { problem } from './problem.ts'

for (const name of Object.keys(errorCodes) as GatewayErrorName[]) {
  test(`${name} has its page, and its answer keeps what only the log may say`, async () => {
    const page = await readFile(new URL(`../../../docs/errors/${name}.md`, import.meta.url), 'utf8')
    assert.match(page, new RegExp(`^# ${name}\n`))
    const { status, body, headers } = problem({ refused: name, expected: 'a-secret', got: 'a-secret' }, 'r1')
    assert.equal(status, errorCodes[name].status)
    assert.equal(headers['content-type'], 'application/problem+json')
    assert.doesNotMatch(body, /a-secret/)
  })
}
