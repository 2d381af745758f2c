/** Host header attacks and DNS rebinding at every listener: only names that are ours are answered (RFC 9110 §7.2, §15.5.20). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange } from '../exchange.ts'
import { rawRequest, statusesOf } from '../raw-request.ts'
import { systemOfFile } from '../system.ts'

const system = await systemOfFile()

const listeners: readonly (readonly [string, string, string])[] = [
  ['authority', system.issuer, '/.well-known/openid-configuration'],
  ['gateway', system.gateway, '/.well-known/oauth-protected-resource/orders'],
  ['browser back end', system.app, '/'],
  ['orders API', system.ordersApi, '/openapi.json'],
]

for (const [name, origin, path] of listeners) {
  const { port } = new URL(origin)

  test(`${name}: another host name is 421, whatever port or header says it (DNS rebinding)`, async () => {
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `localhost.evil.example:${port}`,
      `evil.localhost:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `10.0.0.1:${port}`,
      `169.254.169.254:${port}`,
      '[::ffff:7f00:1]',
      `0.0.0.0:${port}`,
    ]) {
      const { status, text } = await exchange(origin, { target: path, headers: { host } })
      assert.equal(status, 421, `${host}: ${status} ${text.slice(0, 200)}`)
      assert.doesNotMatch(text, /evil/)
    }
    assert.equal((await exchange(origin, { target: path })).status, 200)
  })

  test(`${name}: a Host that is none, missing or twice there is refused (RFC 9112 §3.2)`, async () => {
    for (const lines of [
      [],
      ['Host: '],
      [`Host: localhost:${port}`, `Host: localhost:${port}`],
      [`Host: localhost:${port}`, 'Host: evil.example'],
      [`Host: localhost:${port}@evil.example`],
      [`Host: evil.example@localhost:${port}`],
      [`Host: localhost:${port}, evil.example`],
      [`Host: localhost:${port}/evil`],
      ['Host: localhost:99999'],
      ['Host: localhost:port'],
      ['Host: [localhost'],
      [`Host: local\thost:${port}`],
      [`Host: localhost%00.evil.example`],
    ]) {
      const [status] = statusesOf(
        await rawRequest(origin, [`GET ${path} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n')),
      )
      assert.ok(status === 400 || status === 421, `${JSON.stringify(lines)}: ${status}`)
    }
  })

  test(`${name}: a target in absolute form counts by its own host (RFC 9112 §3.2.2)`, async () => {
    const ask = async (target: string) =>
      statusesOf(
        await rawRequest(origin, `GET ${target} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`),
      )[0]
    for (const target of [
      `http://evil.example${path}`,
      `http://evil.example:${port}${path}`,
      `http://a@evil.example${path}`,
    ]) {
      const status = (await ask(target)) ?? 0
      assert.ok(status >= 400 && status < 500, `${target}: ${status}`)
    }
  })
}

test('forwarding headers do not move the issuer, a redirect or a link (RFC 9700 §4.13)', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '1',
    forwarded: 'host=evil.example;proto=https',
    'x-host': 'evil.example',
    'x-original-host': 'evil.example',
  }
  for (const [name, origin, path] of listeners) {
    const plain = await exchange(`${origin}${path}`)
    const spoofed = await exchange(`${origin}${path}`, { headers })
    assert.equal(spoofed.status, 200)
    assert.doesNotMatch(`${JSON.stringify(spoofed.headers)}${spoofed.text}`, /evil\.example/, name)
    assert.equal(spoofed.text, plain.text)
  }
  for (const url of [`${system.issuer}/account`, `${system.app}/bff/login`]) {
    const { headers: answered } = await exchange(url, { headers })
    assert.doesNotMatch(String(answered.location), /evil\.example/)
  }
})
