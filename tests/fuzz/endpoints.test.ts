/**
 * Every address that the system serves, with requests that are nearly right and far from it (SALLYPORT_INPUTS in all, at
 * least 2,000 an address from 100,000 on). What is served and not known here fails. A failure names its seed:
 * SALLYPORT_SEED repeats it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { exchange } from '../exchange.ts'
import { startSystem } from '../system.ts'
import { complaintAbout } from './answer-oracle.ts'
import { Connections, parallel } from './connections.ts'
import { type Documents, knowledgeOf } from './knowledge.ts'
import { type Material, makeMaterial } from './material.ts'
import { type Input, inputsTo } from './request-inputs.ts'
import { servedAddresses } from './served-routes.ts'

const total = Number(process.env.SALLYPORT_INPUTS ?? 2_000)
const least = total >= 100_000 ? 2_000 : parallel
const seed = Number(process.env.SALLYPORT_SEED ?? Date.now() % 2 ** 31)

const home = mkdtempSync(join(tmpdir(), 'sallyport-fuzz-'))
const notes = join(home, 'routes.ndjson')
const configuration = join(home, 'fuzz.yaml')
writeFileSync(configuration, 'gateway:\n  requestsPerMinute: 1000000\nlog:\n  level: warn\n')
const preload = pathToFileURL(resolve(import.meta.dirname, 'note-routes.ts')).href
const system = await startSystem({
  home,
  args: ['--config', configuration],
  environment: { ROUTES_FILE: notes, NODE_OPTIONS: `--import ${preload}` },
})
after(async () => {
  await system.stop()
  rmSync(home, { recursive: true })
})

const origins = { authority: system.issuer, gateway: system.gateway, app: system.app, ordersApi: system.ordersApi }
const document = async (url: string) => (await exchange(url)).json
const documents: Documents = {
  manage: await document(`${system.issuer}/manage/openapi.json`),
  orders: await document(`${system.ordersApi}/openapi.json`),
}
const addresses = await servedAddresses(notes)
const each = Math.max(least, Math.ceil(total / addresses.length))

let material: Material = await makeMaterial(system)
let madeAt = Date.now()
let usedUp = false

/** Tokens live five minutes; and what was given to some addresses is used up by them. */
async function fresh(): Promise<Material> {
  if (usedUp || Date.now() - madeAt > 60_000) {
    material = await makeMaterial(system)
    madeAt = Date.now()
  }
  usedUp = false
  return material
}

const usesUp = /token|revoke|logout|sign-in|consent|sessions|password|manage\/(?:grants|users|clients)/

test(`the ${addresses.length} addresses that are served are all known here`, () => {
  assert.ok(addresses.length > 80, `${addresses.length} addresses`)
  const unknown = addresses.filter(address => knowledgeOf(address, material, system, documents) === undefined)
  assert.deepEqual(
    unknown.map(({ listener, url }) => `${listener} ${url}`),
    [],
  )
})

const sent = new Map<string, number>()

for (const address of addresses) {
  const { listener, url } = address
  test(`${listener} ${url}: no input gets a 5xx, our innards, or another than the standard's refusal`, async () => {
    const known = knowledgeOf(address, await fresh(), system, documents) ?? assert.fail('not known')
    const connections = new Connections(origins[listener])
    const statuses = new Map<number, number>()
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(inputsTo(known), { minLength: parallel, maxLength: parallel }), async inputs => {
          const answers = await connections.send(inputs, url === '/revocations')
          for (const [index, answer] of answers.entries()) {
            const complaint = complaintAbout(listener, url, inputs[index] ?? assert.fail(), answer)
            if (complaint !== undefined)
              throw new Error(`${complaint}: ${shown(inputs[index])} -> ${answer.status} ${answer.text.slice(0, 500)}`)
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          }
        }),
        {
          numRuns: Math.ceil(each / parallel),
          seed,
          endOnFailure: false,
          interruptAfterTimeLimit: 120_000,
          markInterruptAsFailure: true,
        },
      )
    } finally {
      await connections.close()
      usedUp = usesUp.test(url)
    }
    const count = [...statuses.values()].reduce((sum, number) => sum + number, 0)
    sent.set(`${listener} ${url}`, count)
    assert.ok(count >= each, `${count} of ${each}`)
    assert.ok((statuses.get(429) ?? 0) < count / 4, 'most inputs met a rate limit')
    process.stdout.write(
      `${String(count).padStart(6)}  ${listener} ${address.methods.join(',')} ${url}  ${[...statuses]
        .sort()
        .map(([status, number]) => `${status}:${number}`)
        .join(' ')}\n`,
    )
  })
}

test('the system is as healthy as before, and its log tells of no failure', async () => {
  for (const origin of Object.values(origins)) {
    assert.equal((await exchange(`${origin}/livez`)).status, 200)
    assert.equal((await exchange(`${origin}/readyz`)).status, 200)
  }
  const { tokens } = await makeMaterial(system)
  const headers = { authorization: `Bearer ${tokens.outside}` }
  const { status, text } = await exchange(`${system.gateway}/orders`, { headers })
  assert.equal(status, 200, text)
  assert.match(text, /"alice-1"/)
  const failures = readFileSync(join(home, 'sallyport.log'), 'utf8')
    .split('\n')
    .filter(
      line =>
        line.includes('"event":"request_failed"') || line.includes('"level":50') || line.includes('"level":"error"'),
    )
  assert.deepEqual(failures.slice(0, 5), [])
  const all = [...sent.values()].reduce((sum, number) => sum + number, 0)
  process.stdout.write(`${String(all).padStart(6)}  inputs in all, seed ${seed}\n`)
})

function shown(input: Input | undefined): string {
  const { method, target, headers, body } = input ?? assert.fail()
  return JSON.stringify({ method, target, headers, body: body?.toString('latin1').slice(0, 500) })
}
