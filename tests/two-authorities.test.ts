import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { type AuthorityHarness, openHarness } from '../packages/authority/src/testing/authority-harness.ts'
import { signedIn } from '../packages/authority/src/testing/token-flow.ts'
import { proof, requestOf } from '../packages/authority/src/testing/token-requests.ts'
import { token } from '../packages/authority/src/token.ts'
import { isTokenError } from '../packages/authority/src/token-error.ts'
import type { TokenRequest } from '../packages/authority/src/token-request.ts'
import type { AnsweredAtOnce } from './second-authority.ts'

const rounds = Number(process.env.SALLYPORT_ROUNDS ?? 10)
const each = 25

type Answer = AnsweredAtOnce['answers'][number]

/** Two authorities on one SQLite file: this process and another one. Resolves to all that both answered. */
async function openTwo(t: TestContext) {
  const harness = await openHarness()
  const { context, folder, clock } = harness
  const program = join(import.meta.dirname, 'second-authority.ts')
  const settings = JSON.stringify(context.settings)
  const words = [program, folder, settings, context.issuer, String(clock.seconds)]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise(resolve => child.once('exit', resolve))
  t.after(async () => {
    child.stdin.end()
    await exited
    await harness.close()
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'ready')
  const there = async (requests: readonly TokenRequest[]): Promise<readonly Answer[]> => {
    const sent = requests.map(request => ({ ...request, parameters: [...request.parameters] }))
    child.stdin.write(`${JSON.stringify({ requests: sent })}\n`)
    const { answers }: AnsweredAtOnce = JSON.parse((await lines.next()).value ?? '{}')
    return answers
  }
  const here = async (requests: readonly TokenRequest[]): Promise<readonly Answer[]> =>
    (await Promise.all(requests.map(request => token(request, context)))).map(answer =>
      isTokenError(answer) ? { error: answer.reason } : answer.body,
    )
  const both = async (requestNow: () => Promise<TokenRequest>): Promise<readonly Answer[]> => {
    const made = await Promise.all(Array.from({ length: 2 * each }, requestNow))
    const [theirs, ours] = await Promise.all([there(made.slice(each)), here(made.slice(0, each))])
    return [...ours, ...theirs]
  }
  return { harness, both }
}

const won = (answers: readonly Answer[]) => answers.filter(({ access_token }) => access_token !== undefined)

test(`S1 two authorities on one SQLite file: of ${2 * each} redemptions of a code exactly one wins: ${rounds} rounds (OAuth 2.1 §4.1.3)`, async t => {
  const { harness, both } = await openTwo(t)
  const { webApp } = harness.clients
  for (let round = 0; round < rounds; round += 1) {
    const { code, verifier } = await harness.mintCode(webApp)
    const redemption = { grant_type: 'authorization_code', code, code_verifier: verifier }
    const answers = await both(() => requestOf(harness, webApp, redemption))
    assert.equal(won(answers).length, 1, `round ${round}`)
    assert.deepEqual(new Set(answers.map(({ error }) => error)), new Set([undefined, 'code_replayed']))
  }
})

test(`S26 two authorities on one SQLite file: ${2 * each} uses of a refresh token have one successor: ${rounds} rounds (OAuth 2.1 §4.3.1)`, async t => {
  const { harness, both } = await openTwo(t)
  const { webApp } = harness.clients
  let { refresh_token = '' } = await signedIn(harness, webApp)
  for (let round = 0; round < rounds; round += 1) {
    const answers = await both(() => requestOf(harness, webApp, { grant_type: 'refresh_token', refresh_token }))
    assert.equal(won(answers).length, 2 * each)
    const successors = [...new Set(answers.map(answer => answer.refresh_token))]
    assert.equal(successors.length, 1, `round ${round}`)
    assert.notEqual(successors[0], refresh_token)
    refresh_token = successors[0] ?? ''
  }
})

for (const [what, section, requestOnce] of [
  ['client assertion', 'RFC 7523 §3', assertionOnce],
  ['DPoP proof', 'RFC 9449 §11.1', proofOnce],
] as const)
  test(`S41 two authorities on one SQLite file: a ${what} works once: ${rounds} rounds (${section})`, async t => {
    const { harness, both } = await openTwo(t)
    for (let round = 0; round < rounds; round += 1) {
      const once = await requestOnce(harness)
      assert.equal(won(await both(once)).length, 1, `round ${round}`)
    }
  })

async function assertionOnce(harness: AuthorityHarness) {
  const { reporter } = harness.clients
  const { orders } = harness.resources
  const one = await requestOf(harness, reporter, { grant_type: 'client_credentials' }, { resources: [orders.resource] })
  return async () => one
}

async function proofOnce(harness: AuthorityHarness) {
  const { nightly } = harness.clients
  const sent = { resources: [harness.resources.orders.resource], proofs: [proof(harness, generateSigningKey('ES256'))] }
  return () => requestOf(harness, nightly, { grant_type: 'client_credentials' }, sent)
}
