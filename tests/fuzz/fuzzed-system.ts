import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { exchange } from '../exchange.ts'
import { type RunningSystem, startSystem } from '../system.ts'
import { complaintAbout } from './answer-oracle.ts'
import { Connections, parallel } from './connections.ts'
import type { Documents } from './described-operations.ts'
import { knowledgeOf } from './knowledge.ts'
import { type Material, makeMaterial } from './material.ts'
import { type Input, inputsTo, type Knowledge } from './request-inputs.ts'
import { type ListenerName, type ServedAddress, servedAddresses } from './served-routes.ts'
import { inputsInAll, leastInputs, seed } from './sizes.ts'

/**
 * Starts a system and registers a test for each of its addresses that is wanted, with requests that are nearly
 * right and far from it; one that nothing is unknown; and one that the system is well afterwards.
 */
export async function fuzzAddresses(wanted: (address: ServedAddress) => boolean): Promise<void> {
  const { system, addresses, log } = await startNoted()
  const documents = await documentsOf(system)
  const each = Math.max(leastInputs(parallel), Math.ceil(inputsInAll / addresses.length))
  const stock = await materialOf(system)
  test(`the ${addresses.length} addresses that are served are all known here`, async () => {
    assert.ok(addresses.length > 80, `${addresses.length} addresses`)
    const material = await stock('')
    const unknown = addresses.filter(address => knowledgeOf(address, material, system, documents) === undefined)
    assert.deepEqual(unknown.map(nameOf), [])
  })
  let all = 0
  for (const [index, address] of addresses.entries()) {
    if (!wanted(address)) continue
    test(`${nameOf(address)}: no input gets a 5xx, our innards, or another than the standard's refusal`, async () => {
      const known = knowledgeOf(address, await stock(address.url), system, documents) ?? assert.fail('not known')
      all += await fuzz(address, known, { origin: originOf(system, address.listener), each, seed: seed + index })
    })
  }
  test('the system is as well as before, and its log tells of no failure', async () => {
    await assertWell(system, log)
    process.stdout.write(`${String(all).padStart(6)}  inputs to these addresses, seed ${seed}\n`)
  })
}

const nameOf = ({ listener, url }: ServedAddress): string => `${listener} ${url}`

const originOf = ({ issuer, gateway, app, ordersApi }: RunningSystem, listener: ListenerName): string =>
  ({ authority: issuer, gateway, app, ordersApi })[listener]

/** A system that writes its routes down, and lets a client make as many requests as it likes. */
async function startNoted() {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-fuzz-'))
  const notes = join(home, 'routes.ndjson')
  const configuration = join(home, 'fuzz.yaml')
  const authority = 'authority:\n  interactionsPerMinute: 1000000\n  refusedTokenRequestsPerMinute: 1000000\n'
  writeFileSync(configuration, `${authority}gateway:\n  requestsPerMinute: 1000000\nlog:\n  level: warn\n`)
  const environment = { ROUTES_FILE: notes, NODE_OPTIONS: `--import ${import.meta.resolve('./note-routes.ts')}` }
  const system = await startSystem({ home, args: ['--config', configuration], environment })
  after(async () => {
    await system.stop()
    rmSync(home, { recursive: true })
  })
  return { system, addresses: await servedAddresses(notes), log: join(home, 'sallyport.log') }
}

async function documentsOf({ issuer, ordersApi }: RunningSystem): Promise<Documents> {
  const [manage, orders] = await Promise.all(
    [`${issuer}/manage/openapi.json`, `${ordersApi}/openapi.json`].map(url => exchange(url)),
  )
  return { manage: manage?.json ?? {}, orders: orders?.json ?? {} }
}

/** Addresses whose inputs use up what they are given. */
const usesUp = /token|revoke|logout|sign-in|consent|sessions|password|manage\/(?:grants|users|clients)/
const freshMs = 60_000

/** Material for one address after the other, made anew when it is old or the address before used it up. */
async function materialOf(system: RunningSystem): Promise<(url: string) => Promise<Material>> {
  let material = await makeMaterial(system)
  let madeAt = Date.now()
  let usedUp = false
  return async url => {
    if (usedUp || Date.now() - madeAt > freshMs) {
      material = await makeMaterial(system)
      madeAt = Date.now()
    }
    usedUp = usesUp.test(url)
    return material
  }
}

async function fuzz(
  address: ServedAddress,
  known: Knowledge,
  run: { readonly origin: string; readonly each: number; readonly seed: number },
): Promise<number> {
  const { listener, url, methods } = address
  const connections = new Connections(run.origin)
  const statuses = new Map<number, number>()
  const inputs = fc.array(inputsTo(known), { minLength: parallel, maxLength: parallel })
  const judged = async (batch: readonly Input[]) => {
    const answers = await connections.send(batch, url === '/revocations')
    for (const [index, answer] of answers.entries()) {
      const input = batch[index] ?? assert.fail()
      const complaint = complaintAbout(listener, url, input, answer)
      if (complaint !== undefined)
        throw new Error(`${complaint}: ${shown(input)} -> ${answer.status} ${answer.text.slice(0, 500)}`)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  }
  try {
    const limits = { interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true }
    await fc.assert(fc.asyncProperty(inputs, judged), {
      numRuns: Math.ceil(run.each / parallel),
      seed: run.seed,
      ...limits,
    })
  } finally {
    await connections.close()
  }
  const count = [...statuses.values()].reduce((sum, number) => sum + number, 0)
  assert.ok(count >= run.each, `${count} of ${run.each}`)
  // One input in six may be a guess too many; of the 32 that `npm test` sends, chance can make it a quarter.
  assert.ok((statuses.get(429) ?? 0) < Math.max(count / 4, 20), 'most inputs met a rate limit')
  const answers = [...statuses].sort().map(pair => pair.join(':'))
  process.stdout.write(`${String(count).padStart(6)}  ${listener} ${methods.join(',')} ${url}  ${answers.join(' ')}\n`)
  return count
}

function shown({ method, target, headers, body }: Input): string {
  return JSON.stringify({ method, target, headers, body: body?.toString('latin1').slice(0, 500) })
}

async function assertWell(system: RunningSystem, log: string): Promise<void> {
  for (const origin of [system.issuer, system.gateway, system.app, system.ordersApi])
    for (const path of ['/livez', '/readyz']) assert.equal((await exchange(origin + path)).status, 200, origin + path)
  const { tokens } = await makeMaterial(system)
  const { status, text } = await exchange(`${system.gateway}/orders/alice-1`, {
    headers: { authorization: `Bearer ${tokens.outside}` },
  })
  assert.equal(status, 200, text)
  assert.match(text, /"alice-1"/)
  const failures = readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => /"event":"request_failed"|"level":(?:50|60|"error")/.test(line))
  assert.deepEqual(failures.slice(0, 5), [])
}
