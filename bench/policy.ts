import { join } from 'node:path'
import {
  embeddedSource,
  type PolicyEngine,
  type PolicyInput,
  policyEngine,
  readPolicyDirectory,
  sidecarSource,
} from '@sallyport/policy'
import { startOpa } from '../tests/services/opa.ts'
import { spread } from './sides/spread.ts'

const ROUNDS = 5
const DECISIONS = 20_000
const ASKED_AT_ONCE = 16
const directory = join(import.meta.dirname, '../policies/orders')

/** Carol of the support staff refunds less than the limit: the longest way through the rules that ends in allow. */
const question: PolicyInput = {
  subject: {
    type: 'user',
    id: 'user_carol',
    properties: {
      client_id: 'client_shop',
      scopes: ['read:orders', 'write:orders', 'refund:orders'],
      roles: ['support'],
      sender: 'dpop',
      acr: 'urn:sallyport:acr:passkey',
      auth_time: 999_990,
    },
  },
  action: { name: 'refund', properties: { method: 'POST', route: '/orders/:id/refund', scope: 'refund:orders' } },
  resource: {
    type: 'order',
    id: 'alice-1',
    properties: { owner: 'user_alice', owner_type: 'user', refunded_cents: 0 },
  },
  context: { now: 1_000_000, request_id: 'r1', amount_cents: 5_000 },
}

/** What door two costs: a decision of the embedded Rego, and of an OPA over a unix socket, one at a time and sixteen at once. */
export default async function run(): Promise<object> {
  const bundle = await readPolicyDirectory(directory)
  const embedded = policyEngine(await embeddedSource(bundle), 'orders/decision')
  const opa = await startOpa(directory)
  try {
    const source = sidecarSource({ address: opa.unix, timeoutMs: 10_000, revision: bundle.revision })
    const sidecar = policyEngine(source, 'orders/decision')
    for (const engine of [embedded, sidecar]) await allowed(engine)
    return {
      embeddedMicros: await rounds(() => inThisProcess(embedded, DECISIONS)),
      sidecarMicros: await rounds(() => oneByOne(sidecar, DECISIONS / 20)),
      sidecarAtOnceMicros: await rounds(() => atOnce(sidecar, DECISIONS / 20)),
      askedAtOnce: ASKED_AT_ONCE,
    }
  } finally {
    await opa.stop()
  }
}

async function allowed(engine: PolicyEngine): Promise<void> {
  const { outcome } = await engine.decide(question)
  if (outcome !== 'allow') throw new Error(`the question is answered with ${outcome}`)
}

/** Microseconds a decision: the embedded one's of this process's processor, the sidecar's of the clock on the wall. */
async function rounds(decide: () => Promise<number>): Promise<object> {
  await decide()
  const micros: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) micros.push(await decide())
  return spread(micros)
}

async function inThisProcess(engine: PolicyEngine, decisions: number): Promise<number> {
  const begun = process.cpuUsage()
  for (let n = 0; n < decisions; n += 1) {
    if (engine.decide(question) instanceof Promise) throw new Error('the embedded policy answers at once')
  }
  const { user, system } = process.cpuUsage(begun)
  return tenths((user + system) / decisions)
}

async function oneByOne(engine: PolicyEngine, decisions: number): Promise<number> {
  const begun = performance.now()
  for (let n = 0; n < decisions; n += 1) await engine.decide(question)
  return tenths(((performance.now() - begun) * 1000) / decisions)
}

async function atOnce(engine: PolicyEngine, decisions: number): Promise<number> {
  const begun = performance.now()
  const ask = async () => {
    for (let n = 0; n < decisions / ASKED_AT_ONCE; n += 1) await engine.decide(question)
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask))
  return tenths(((performance.now() - begun) * 1000) / decisions)
}

const tenths = (value: number): number => Math.round(value * 10) / 10
