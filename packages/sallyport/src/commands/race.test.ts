import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { runCommandLine } from '../command-line/run.ts'
import { commands } from '../command-line/table.ts'

const parallel = 20

type Kind = 'careful' | 'careless' | 'overwhelmed' | 'cut short' | 'without more' | 'unbound' | 'reopening'

/**
 * A server that takes each code, refresh token, proof, device code and request_uri once. It looks before it marks when it is
 * careless, lets go of whoever comes second when it is overwhelmed, or ends in mid-answer when it is cut short; one without
 * more has a token endpoint only, an unbound one takes no notice of proofs, and a reopening one opens a request_uri as often
 * as it is asked to. The device code `pending` waits for its user.
 */
async function openServer(t: TestContext, kind: Kind): Promise<string> {
  const careless = kind === 'careless'
  const used = new Set<string>()
  const looked = new Map<string, number>()
  let minted = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    const form = request.method === 'GET' ? searchParams : new URLSearchParams(Buffer.concat(chunks).toString())
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (pathname.startsWith('/.well-known/')) return answer(200, metadata)
    if (pathname === '/par') {
      minted += 1
      const isWhole = ['client_id', 'redirect_uri', 'code_challenge'].every(name => form.getAll(name).length === 1)
      if (!isWhole || request.headers.authorization === undefined) return answer(400, { error: 'invalid_request' })
      return answer(201, { request_uri: `urn:ietf:params:oauth:request_uri:${minted}`, expires_in: 60 })
    }
    if (form.get('device_code') === 'pending') return answer(400, { error: 'authorization_pending' })
    const isOpening = pathname === '/authorize'
    const named = ['code', 'refresh_token', 'device_code', 'request_uri'].map(name => form.get(name))
    const once = named.find(value => value !== null) ?? String(request.headers.dpop)
    const isUsed = used.has(once)
    looked.set(once, (looked.get(once) ?? 0) + 1)
    // All look before one marks; a use that is alone is not waited for.
    for (let waits = 0; careless && (looked.get(once) ?? 0) < parallel && waits < 50; waits += 1) await wait(20)
    if (isUsed && kind === 'overwhelmed') return request.socket.destroy()
    if (isUsed && kind === 'cut short') {
      response.writeHead(400, { 'content-length': 100 }).write('{"error":', () => request.socket.destroy())
      return
    }
    if (isOpening && isUsed && kind !== 'reopening')
      return response.writeHead(303, { location: 'https://web.example/cb?error=invalid_request_uri' }).end()
    if (isUsed && !isOpening) return answer(400, { error: 'invalid_grant' })
    used.add(once)
    if (isOpening) return response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>')
    minted += 1
    const bound = request.headers.dpop !== undefined && kind !== 'unbound'
    const tokenType = bound ? 'DPoP' : 'Bearer'
    return answer(200, { access_token: `at ${minted}`, refresh_token: `rt ${minted}`, token_type: tokenType })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const more = { authorization_endpoint: `${origin}/authorize`, pushed_authorization_request_endpoint: `${origin}/par` }
  const metadata = { issuer: origin, token_endpoint: `${origin}/token`, ...(kind === 'without more' ? {} : more) }
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
  ['device code', ['--client', 'tv', '--device-code', 'd']],
  ['request_uri', ['--client', 'web', '--redirect', 'https://web.example/cb', '--rounds', '2']],
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

test('race counts answers that are cut off in mid-body as none, and goes on: exit 10', async t => {
  const { code, out } = await raceAgainst(await openServer(t, 'cut short'), ...credentials[0][1])
  assert.equal(code, 10, out)
  assert.match(out, /^RACE +code +1 of 20 won +\(1 × 200, 19 × no answer\)$/m)
})

test('race decides nothing where a request_uri can be opened after all of them: exit 0, and it says so (RFC 9126 §4)', async t => {
  const { code, out } = await raceAgainst(await openServer(t, 'reopening'), ...credentials[4][1])
  assert.equal(code, 0, out)
  assert.match(out, /^\? +request_uri +20 of 20 won, 2 rounds +\(20 × 200\): opening does not use it up/m)
})

test('race leaves out what the server has no endpoint for, and says so', async t => {
  const target = await openServer(t, 'without more')
  const web = ['--client', 'web', '--redirect', 'https://web.example/cb']
  const nothing = await raceAgainst(target, ...web, '--device')
  assert.equal(nothing.code, 4, nothing.out)
  assert.match(nothing.out, /^- +request_uri +left out: .*no pushed_authorization_request_endpoint/m)
  assert.match(nothing.out, /^- +device code +left out: .*no device_authorization_endpoint/m)
  const beside = await raceAgainst(target, ...web, '--refresh-token', 'r')
  assert.equal(beside.code, 0, beside.out)
  assert.match(beside.out, /^ok +refresh token .*\n- +request_uri +left out/m)
})

test('race holds no race for proofs at a server that does not bind tokens, and says so (RFC 9449 §5)', async t => {
  const { code, out } = await raceAgainst(await openServer(t, 'unbound'), ...credentials[2][1])
  assert.equal(code, 4, out)
  assert.match(out, /^- +DPoP proof jti +left out: the server does not bind tokens: .*token_type Bearer/m)
})

test('race says that a device code is not approved yet, which is no race: exit 4 (RFC 8628 §3.5)', async t => {
  const target = await openServer(t, 'careful')
  const { code, out } = await raceAgainst(target, '--client', 'tv', '--device-code', 'pending')
  assert.deepEqual([code, /no user approved it yet/.test(out)], [4, true], out)
})

test('race says what it needs, and that a server does not answer', async t => {
  const target = await openServer(t, 'careful')
  assert.equal((await raceAgainst(target)).code, 2)
  const { code, out } = await raceAgainst(target, '--client', 'job', '--rounds', '0')
  assert.deepEqual([code, /1 to 1000/.test(out)], [2, true], out)
  const nobody = await raceAgainst('http://127.0.0.1:9', '--client', 'job')
  assert.equal(nobody.code, 5)
})
