import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { opaSidecar } from './sidecar.ts'

// How the client takes a misbehaving OPA; a real one is asked in tests/services/policy-sidecar.test.ts.

const input = { subject: { type: 'u', id: 'u' }, action: { name: 'a' }, resource: { type: 'r', id: 'r' }, context: {} }

async function decideAgainst(listener: RequestListener, options: { timeoutMs?: number; revision?: string } = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const at = { address: `http://127.0.0.1:${port}`, entrypoint: 'x/decision', timeoutMs: 20_000 }
  const engine = opaSidecar({ ...at, ...options })
  const decision = await engine.decide(input)
  await engine.close()
  server.closeAllConnections()
  server.close()
  return { decision, revision: engine.revision }
}

function answer(text: string, status = 200): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

const bundles = { opa: { revision: 'sha256:1' } }
const allowed = JSON.stringify({ result: { outcome: 'allow' }, provenance: { bundles } })

test('asks POST /v1/data/<rule> with the canonical input, and takes the revision from the provenance', async () => {
  let asked = ''
  const { decision, revision } = await decideAgainst((request, response) => {
    asked = `${request.method} ${request.url} ${request.headers['content-type']} `
    request.on('data', chunk => {
      asked += chunk
    })
    request.on('end', () => response.end(allowed))
  })
  assert.deepEqual(decision, { outcome: 'allow' })
  assert.equal(revision, 'sha256:1')
  assert.equal(
    asked,
    'POST /v1/data/x/decision?provenance=true application/json {"input":{"action":{"name":"a"},"context":{},"resource":{"id":"r","type":"r"},"subject":{"id":"u","type":"u"}}}',
  )
})

test('an undefined rule, an error, no JSON and too much JSON are denials', async () => {
  const reasons: [RequestListener, string][] = [
    [answer('{}'), 'policy_answer'],
    [answer('[]'), 'policy_answer'],
    [answer('not json'), 'policy_answer'],
    [answer(`{"x":"${'y'.repeat(70_000)}"}`), 'policy_answer'],
    [answer(allowed, 500), 'policy_error'],
    [answer(allowed, 302), 'policy_error'],
    [request => request.socket.destroy(), 'policy_unavailable'],
  ]
  for (const [listener, reason] of reasons) {
    assert.deepEqual((await decideAgainst(listener)).decision, { outcome: 'deny', reason })
  }
})

test('a late answer is a denial: late to begin, and late to end', async () => {
  const late = { decision: { outcome: 'deny', reason: 'policy_timeout' }, revision: 'unknown' }
  assert.deepEqual(await decideAgainst(() => undefined, { timeoutMs: 50 }), late)
  const dribble: RequestListener = (_request, response) => response.writeHead(200).write(allowed.slice(0, 10))
  assert.deepEqual(await decideAgainst(dribble, { timeoutMs: 50 }), late)
})

test('with a pinned revision an OPA that serves another one is refused', async () => {
  assert.deepEqual((await decideAgainst(answer(allowed), { revision: 'sha256:1' })).decision, { outcome: 'allow' })
  const wrong = await decideAgainst(answer(allowed), { revision: 'sha256:2' })
  assert.deepEqual(wrong.decision, { outcome: 'deny', reason: 'policy_revision' })
  const silent = await decideAgainst(answer('{"result":{"outcome":"allow"}}'), { revision: 'sha256:1' })
  assert.deepEqual(silent.decision, { outcome: 'deny', reason: 'policy_revision' })
})

test('nobody at the socket is a denial', async () => {
  const engine = opaSidecar({ address: 'unix:/nonexistent/opa.sock', entrypoint: 'x/decision' })
  assert.deepEqual(await engine.decide(input), { outcome: 'deny', reason: 'policy_unavailable' })
  await engine.close()
})

test('an address that others could answer, or one with a path, does not start', () => {
  for (const address of [
    'http://opa.example:8181',
    'http://127.0.0.1:8181/v1',
    'https://user@opa.example',
    'ftp://127.0.0.1',
  ]) {
    assert.throws(() => opaSidecar({ address, entrypoint: 'x/decision' }), TypeError)
  }
  assert.throws(() => opaSidecar({ address: 'unix:/tmp/x', entrypoint: 'x/decision', timeoutMs: 0 }), TypeError)
})
