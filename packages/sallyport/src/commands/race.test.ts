import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { runCommandLine } from '../command-line/run.ts'
import { commands } from '../command-line/table.ts'

const parallel = 20

type Kind = 'careful' | 'careless' | 'overwhelmed'

/**
 * A server that hands out one token for each code and refresh token. It looks before it marks when it is careless, and lets
 * go of whoever comes second when it is overwhelmed.
 */
async function openServer(t: TestContext, kind: Kind): Promise<string> {
  const careless = kind === 'careless'
  const used = new Set<string>()
  const looked = new Map<string, number>()
  let minted = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.method === 'GET') return answer(200, { issuer: origin, token_endpoint: `${origin}/token` })
    const once = form.get('code') ?? form.get('refresh_token') ?? String(request.headers.dpop)
    const isUsed = used.has(once)
    looked.set(once, (looked.get(once) ?? 0) + 1)
    // All look before one marks; a use that is alone is not waited for.
    for (let waits = 0; careless && (looked.get(once) ?? 0) < parallel && waits < 50; waits += 1) await wait(20)
    if (isUsed && kind === 'overwhelmed') return request.socket.destroy()
    if (isUsed) return answer(400, { error: 'invalid_grant' })
    used.add(once)
    minted += 1
    return answer(200, { access_token: `at ${minted}`, refresh_token: `rt ${minted}` })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return origin
}

async function raceAgainst(target: string, ...words: readonly string[]) {
  let out = ''
  const code = await runCommandLine(
    ['race', '--target', target, '--parallel', String(parallel), ...words],
    commands,
    '1.2.3',
    options => ({
      out: text => {
        out += text
      },
      note: text => {
        out += text
      },
      interactive: false,
      colour: false,
      json: options.json,
      environment: { SALLYPORT_CLIENT_SECRET: 'secret' },
      directory: '/nowhere',
      confirm: async () => false,
    }),
  )
  return { code, out }
}

const credentials = [
  ['code', ['--client', 'web', '--code', 'c', '--verifier', 'v', '--redirect', 'https://web.example/cb']],
  ['refresh token', ['--client', 'web', '--refresh-token', 'r']],
  ['DPoP proof jti', ['--client', 'job', '--rounds', '2']],
] as const

for (const [kind, words] of credentials) {
  test(`race finds that more than one ${kind} wins at a server that checks and then marks: exit 10`, async t => {
    const { code, out } = await raceAgainst(await openServer(t, 'careless'), ...words)
    assert.equal(code, 10, out)
    assert.match(out, new RegExp(`^RACE +${kind}`))
    assert.match(out, /20 (of 20 won|successors)/)
  })

  test(`race finds one winner of a ${kind} at a server that marks at once: exit 0`, async t => {
    const { code, out } = await raceAgainst(await openServer(t, 'careful'), ...words)
    assert.equal(code, 0, out)
    assert.match(out, new RegExp(`^ok +${kind}`))
    assert.match(out, /1 (of 20 won|successor)/)
  })
}

test('race counts uses that are never answered, which may have won: exit 10', async t => {
  const { code, out } = await raceAgainst(await openServer(t, 'overwhelmed'), ...credentials[0][1])
  assert.equal(code, 10, out)
  assert.match(out, /^RACE +code +1 of 20 won +\(1 × 200, 19 × no answer\)$/m)
})

test('race says what it needs, and that a server does not answer', async t => {
  const target = await openServer(t, 'careful')
  assert.equal((await raceAgainst(target)).code, 2)
  const { code, out } = await raceAgainst(target, '--client', 'job', '--rounds', '0')
  assert.deepEqual([code, /1 to 1000/.test(out)], [2, true], out)
  const nobody = await raceAgainst('http://127.0.0.1:9', '--client', 'job')
  assert.equal(nobody.code, 5)
})
