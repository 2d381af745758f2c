import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuardOptions } from '../../options.ts'
import type { Tracer } from '../../tracer.ts'
import { type OrdersApi, resource } from './adapter-suite.ts'
import { bearer, exchange } from './exchange.ts'
import { testIssuer } from './test-issuer.ts'

/** What no adapter may write down, wherever a caller put it. */
export function secrecySuite(name: string, listen: (options: GuardOptions) => Promise<OrdersApi>): void {
  test(`${name}: whatever secret comes where, none is in the log, in a span or in an answer`, async t => {
    const issuer = await testIssuer()
    const log: Record<string, unknown>[] = []
    const spans: Record<string, unknown>[] = []
    const write = (event: string, fields: Readonly<Record<string, unknown>> = {}) => log.push({ event, ...fields })
    const tracer = recordingTracer(spans)
    const api = await listen({
      issuer: issuer.issuer,
      resource,
      log: { info: write, warn: write, error: write },
      tracer,
    })
    t.after(async () => {
      await api.close()
      await issuer.close()
    })
    const random = 'S3cretS3cretS3cretS3cretS3cretS3cretS3cretS3'
    const tokens = [
      await issuer.token({}),
      issuer.opaque({}),
      random,
      `sp_at_${random}`,
      `eyJhbGciOiJub25lIn0.${random}.`,
    ]
    for (const token of tokens) {
      for (const headers of placesFor(token))
        for (const path of [
          '/orders',
          '/orders/alice-1',
          `/orders/${token}`,
          `/orders?access_token=${token}`,
          `/orders?state=${token}`,
        ]) {
          const reply = await exchange(api.origin, path, headers)
          // 414 is the framework's own answer to a long path, before any door, and repeats it to whoever sent it.
          if (reply.status !== 414)
            assert.ok(!JSON.stringify(reply).includes(token), `${path} ${JSON.stringify(reply)}`)
        }
      const form = [['content-type', 'application/x-www-form-urlencoded']] as const
      await exchange(api.origin, '/orders', form, { method: 'POST', body: `access_token=${token}` })
    }
    assert.ok(log.length > 50 && spans.length > 100, `${log.length} lines, ${spans.length} spans`)
    const written = JSON.stringify([log, spans])
    for (const tail of tokens.map(token => token.slice(-20))) {
      const at = written.indexOf(tail)
      assert.equal(at, -1, `${tail} in ${written.slice(Math.max(0, at - 300), at + 50)}`)
    }
  })
}

/** Headers with a secret where it belongs, and where it does not. */
function placesFor(token: string): readonly (readonly (readonly [string, string])[])[] {
  const words = [
    token,
    `Bearer ${token}x`,
    `Bearer ${token}, Bearer ${token}`,
    `DPoP ${token}`,
    `Basic ${token}`,
    `Token ${token} x`,
    `${token.slice(-20)} x`,
  ]
  return [
    ...words.map(value => [['authorization', value]] as const),
    bearer(token),
    [...bearer(token), ['dpop', token]],
    [...bearer(token), ['cookie', `session=${token}`], ['x-request-id', `${token}!`]],
  ]
}

function recordingTracer(spans: Record<string, unknown>[]): Tracer {
  return {
    startActiveSpan(title, { attributes }, run) {
      const span: Record<string, unknown> = { title, ...attributes }
      spans.push(span)
      return run({
        setAttribute: (key, value) => {
          span[key] = value
        },
        setStatus: () => undefined,
        end: () => undefined,
      })
    },
  }
}
