import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { policyRevision, readPolicyDirectory } from './policy-directory.ts'

const policies = join(import.meta.dirname, '../../../policies')

for (const name of ['owner', 'orders']) {
  test(`the committed module of policies/${name} is the one that its committed Rego was compiled to`, async () => {
    const directory = join(policies, name)
    const { revision, entrypoints } = await readPolicyDirectory(directory)
    assert.equal(revision, await policyRevision(directory))
    assert.equal(entrypoints[0], `${name}/decision`)
  })
}

for (const file of ['orders.rego', 'data.json', 'orders.wasm']) {
  test(`a changed ${file} is refused until the policy is built again`, async context => {
    const parent = await mkdtemp(join(tmpdir(), 'policy-'))
    context.after(() => rm(parent, { recursive: true }))
    const copy = join(parent, 'orders')
    await cp(join(policies, 'orders'), copy, { recursive: true })
    await readPolicyDirectory(copy)
    await writeFile(join(copy, file), Buffer.concat([await readFile(join(copy, file)), Buffer.from('\n')]))
    await assert.rejects(readPolicyDirectory(copy), /npm run policy:build/)
  })
}
