import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { type TestContext, test } from 'node:test'
import { revocationList } from '@sallyport/credentials'
import { rotateFeedKey } from '../feed-keys.ts'
import { revokeFamilies, revokeKey } from '../revoke.ts'
import { type BackChannel, openBackChannel } from '../testing/back-channel-listener.ts'
import { signedIn } from '../testing/token-flow.ts'

type List = ReturnType<typeof revocationList>

interface Following {
  readonly list: List
  readonly lines: string[]
  readonly refused: string[]
  until(condition: () => boolean): Promise<void>
  leave(): void
}

/** A guard's side of the feed: the real list at the end of a real connection. */
async function follow(
  t: TestContext,
  port: number,
  harness: BackChannel['harness'],
  list?: List,
  path = '/revocations',
): Promise<Following> {
  const followed = list ?? revocationList({ issuer: harness.context.issuer })
  const lines: string[] = []
  const refused: string[] = []
  let wake: () => void = () => undefined
  let rest = ''
  const connection = httpRequest({ host: '127.0.0.1', port, path, headers: { host: 'localhost:4000' } })
  connection.on('response', response => {
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        lines.push(line)
        const applied = followed.apply(line, harness.clock.seconds)
        if (typeof applied !== 'string') refused.push(applied.refused)
      }
      wake()
    })
  })
  connection.on('error', () => wake())
  connection.end()
  t.after(() => connection.destroy())
  return {
    list: followed,
    lines,
    refused,
    until: async condition => {
      while (!condition()) {
        const next = Promise.withResolvers<void>()
        wake = next.resolve
        await next.promise
      }
    },
    leave: () => connection.destroy(),
  }
}

const opened = async (t: TestContext) => {
  const channel = await openBackChannel(t)
  const { port } = await channel.listener.listen()
  return { ...channel, port }
}

const typeOf = (line: string): string =>
  JSON.parse(Buffer.from(line.split('.')[1] ?? '', 'base64url').toString('utf8')).type

test('a listener gets the key and a snapshot of all that is live, then entries and heartbeats (DECISIONS "Revocation feed")', async t => {
  const { harness, port } = await opened(t)
  await signedIn(harness, harness.clients.webApp)
  await revokeFamilies(harness.context, { subject: harness.account.id }, { actor: 'system', reason: 'test' })
  const following = await follow(t, port, harness)
  await following.until(() => following.list.state().inStep)
  assert.deepEqual(following.lines.map(typeOf).slice(0, 2), ['key', 'snapshot'])
  assert.equal(following.list.state().entries, 1)
  await revokeKey(harness.context, 'leaked', { actor: 'system', reason: 'key_leaked' })
  await following.until(() => following.list.state().entries === 2)
  await following.until(() => following.lines.some(line => typeOf(line) === 'heartbeat'))
  assert.equal(following.list.state().inStep, true)
  assert.deepEqual(following.refused, [])
})

test('S73 a revocation reaches every listener well under a second after its commit', async t => {
  const { harness, port } = await opened(t)
  const all = await Promise.all(Array.from({ length: 20 }, () => follow(t, port, harness)))
  for (const each of all) await each.until(() => each.list.state().inStep)
  const { context } = harness
  const tokens = await signedIn(harness, harness.clients.webApp)
  assert.ok(tokens.access_token)
  const { records } = await context.store.list<{ id: string }>('family', { limit: 1 })
  const family = records[0]?.value.id ?? ''
  const started = performance.now()
  await revokeFamilies(context, { family }, { actor: 'system', reason: 'test' })
  const token = { jti: 'x', family, clientId: 'web-app', kid: undefined, iat: harness.clock.seconds }
  for (const each of all) await each.until(() => each.list.judge(token, harness.clock.seconds) === 'revoked')
  assert.ok(performance.now() - started < 900, `${performance.now() - started} ms`)
})

test('a listener that comes back gets what it missed, one from elsewhere a snapshot (DECISIONS "Revocation feed")', async t => {
  const { harness, port } = await opened(t)
  const cause = { actor: 'system', reason: 'test' }
  const first = await follow(t, port, harness)
  await first.until(() => first.list.state().inStep)
  first.leave()
  const { epoch, seq } = first.list.state()
  await revokeKey(harness.context, 'k1', cause)
  await revokeKey(harness.context, 'k2', cause)
  const again = await follow(t, port, harness, first.list, `/revocations?after=${epoch}.${seq}`)
  await again.until(() => again.list.state().entries === 2)
  assert.deepEqual(again.lines.map(typeOf).slice(0, 3), ['key', 'entry', 'entry'])
  for (const path of ['/revocations?after=other.0', `/revocations?after=${epoch}.999`, '/revocations?after=x']) {
    const stranger = await follow(t, port, harness, undefined, path)
    await stranger.until(() => stranger.list.state().inStep)
    assert.deepEqual(stranger.lines.map(typeOf).slice(0, 2), ['key', 'snapshot'], path)
  }
})

test('a new feed key is announced by the old one: who pinned that follows, new listeners pin the new one', async t => {
  const { harness, port, send } = await opened(t)
  const pinned = await follow(t, port, harness)
  await pinned.until(() => pinned.list.state().inStep)
  const next = await rotateFeedKey(harness.context)
  await revokeKey(harness.context, 'k1', { actor: 'system', reason: 'test' })
  await pinned.until(() => pinned.list.state().entries === 1)
  assert.deepEqual(pinned.list.state().trustedKids, [next.kid], 'the old key is trusted no more')
  assert.deepEqual(pinned.refused, [])
  const fresh = await follow(t, port, harness)
  await fresh.until(() => fresh.list.state().inStep)
  assert.deepEqual(fresh.list.state().trustedKids, [next.kid])
  const keys = await send({ url: '/revocations/keys' })
  assert.equal(keys.text.trim().split('\n').length, 2, 'itself, and the old one vouching for it')
})

test('entries hold opaque identifiers and times alone (DECISIONS "Revocation feed")', async t => {
  const { harness, port } = await opened(t)
  await signedIn(harness, harness.clients.webApp)
  await revokeFamilies(harness.context, { subject: harness.account.id }, { actor: 'system', reason: 'test' })
  const following = await follow(t, port, harness)
  await following.until(() => following.list.state().inStep)
  const snapshot = following.lines.find(line => typeOf(line) === 'snapshot') ?? ''
  const { entries } = JSON.parse(Buffer.from(snapshot.split('.')[1] ?? '', 'base64url').toString('utf8'))
  assert.deepEqual(Object.keys(entries[0]).sort(), ['before', 'exp', 'id', 'kind'])
  assert.doesNotMatch(JSON.stringify(entries), /alice|web-app/)
})

test('one network holds a quarter of the places at most, and gets one back for each it leaves (RFC 6585 §4)', async t => {
  const { port } = await opened(t)
  const join = (host: string) => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const connection = httpRequest({ host, port, path: '/revocations', headers: { host: 'localhost:4000' } })
    connection.on('response', response => resolve(response.resume().statusCode))
    connection.on('error', () => resolve(undefined))
    connection.end()
    t.after(() => connection.destroy())
    return { status: promise, leave: () => connection.destroy() }
  }
  const crowd = Array.from({ length: 251 }, () => join('127.0.0.1'))
  const statuses = await Promise.all(crowd.map(({ status }) => status))
  assert.equal(statuses.filter(status => status === 200).length, 250)
  assert.equal(statuses.filter(status => status === 429).length, 1)
  assert.equal(await join('::1').status, 200, 'another network has its own')
  crowd[0]?.leave()
  let again = await join('127.0.0.1').status
  while (again === 429) again = await join('127.0.0.1').status
  assert.equal(again, 200)
})
