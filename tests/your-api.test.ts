import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { sallyport } from './command-line.ts'
import { freePorts } from './free-ports.ts'
import { isOpen, type OwnProcess, ownProcess } from './own-process.ts'
import { systemOfFile } from './system.ts'

const root = resolve(import.meta.dirname, '..')
const examples = join(root, 'examples/your-api/src')
const pages = ['README.md', 'docs/protect-your-api.md'].map(name => ({
  name,
  text: readFileSync(join(root, name), 'utf8'),
}))
const frameworks = ['express', 'fastify', 'hono', 'fetch', 'node'] as const

const system = await systemOfFile()
const { port } = await freePorts(['port'])
const api = `http://localhost:${port}`
await sallyport(system, 'resource', 'add', api, '--name', 'Notes', '--scope', 'read:notes=See your notes')
await sallyport(system, 'client', 'set', 'terminal', '--scope', 'read:notes', '--resource', api)
const token = await sallyport(system, 'token', 'get', '--as', 'alice', '--scope', 'read:notes', '--resource', api)
const owner = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub

/** The example as it stands, at this test's addresses. */
async function started(framework: string): Promise<OwnProcess> {
  const folder = mkdtempSync(join(examples, '../.try-'))
  const source = readFileSync(join(examples, `${framework}.ts`), 'utf8')
    .replaceAll('http://localhost:4000', system.issuer)
    .replaceAll('http://localhost:3000', api)
    .replaceAll(/\b3000\b/g, String(port))
    .replaceAll('./notes.ts', '../src/notes.ts')
  writeFileSync(join(folder, 'main.ts'), source)
  const env = { ...process.env, NOTE_OWNER: owner }
  const example = ownProcess(process.execPath, [join(folder, 'main.ts')], { env, folder })
  await example.until(() => isOpen(port), `the example on ${framework} listens`)
  return example
}

const get = async (path: string, authorization?: string) => {
  const response = await fetch(api + path, authorization === undefined ? {} : { headers: { authorization } })
  return { status: response.status, body: await response.json() }
}

for (const framework of frameworks) {
  test(`ten lines protect an API on ${framework}: no token 401, own note 200, somebody else’s 404`, async () => {
    const example = await started(framework)
    try {
      assert.equal((await get('/notes')).status, 401)
      assert.deepEqual((await get('/notes', `Bearer ${token}`)).body, [{ id: '1', owner, text: 'Buy rope' }])
      assert.equal((await get('/notes/1', `Bearer ${token}`)).body.text, 'Buy rope')
      assert.equal((await get('/notes/2', `Bearer ${token}`)).status, 404)
      assert.equal((await get('/notes/3', `Bearer ${token}`)).status, 404)
      assert.equal((await get('/.well-known/oauth-protected-resource')).body.resource, api)
    } finally {
      // Gone before the next one opens its port.
      await example.stop()
    }
  })

  for (const { name, text } of pages) {
    test(`${name} shows the ${framework} example as it runs`, () => {
      assert.ok(text.includes(`\`\`\`ts\n${readFileSync(join(examples, `${framework}.ts`), 'utf8')}\`\`\``))
    })
  }
}
