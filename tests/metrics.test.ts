/** What a running system says of itself, against the page, the dashboard and the alert rules. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { createMetrics, type Log, type Metrics, silentLog } from '@sallyport/server'
import { parse } from 'yaml'
import { replicaOf } from '../packages/sallyport/src/composition/replica.ts'
import { openShortLived } from '../packages/sallyport/src/composition/short-lived.ts'
import { loadConfiguration, type Settings } from '../packages/sallyport/src/configuration/load.ts'
import { getCode, redemption, tokenRequest } from './code-flow.ts'
import { exchange } from './exchange.ts'
import { systemOfFile } from './system.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const system = await systemOfFile()
const { issuer, gateway, app, ordersApi, resources } = system
const parts = { authority: issuer, gateway, bff: app, guard: ordersApi } as const

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Prometheus text: families by name with their type, and the samples. */
async function scrape(origin: string) {
  const { status, text, headers } = await exchange(`${origin}/metrics`)
  assert.equal(status, 200)
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  const samples = text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map((line): Sample => {
      const [, name = '', labels = '', value = ''] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line)
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
      return { name, labels: Object.fromEntries(pairs), value: Number(value) }
    })
  return { types, samples }
}

/** What an authority serves besides where these are configured, which need not be there for that. */
const besides: Readonly<Record<string, (told: { log: Log; metrics: Metrics }) => Promise<void>>> = {
  async Redis(told) {
    await (await openShortLived(settings({ SALLYPORT_REDIS_URL: 'redis://127.0.0.1:1' }), told))?.close()
  },
  async 'a replica'(told) {
    const { store, ...others } = settings({ SALLYPORT_POSTGRES_REPLICA_URL: 'postgres://127.0.0.1:1/x' })
    replicaOf({ ...others, store: { ...store, authority: 'postgres' } }, told)
  },
}

function settings(environment: Readonly<Record<string, string>>): Settings {
  const loaded = loadConfiguration(undefined, environment)
  assert.ok('values' in loaded)
  return loaded.values
}

async function typesBeside(what: string): Promise<ReadonlyMap<string, string>> {
  const metrics = createMetrics()
  await besides[what]?.({ log: silentLog, metrics })
  const types = metrics.render().matchAll(/^# TYPE (\S+) (\S+)$/gm)
  return new Map([...types].map(([, name = '', type = '']) => [name, type]))
}

const total = (samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  samples
    .filter(
      sample => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    )
    .reduce((sum, { value }) => sum + value, 0)

/** Metrics that an expression asks for, without the suffixes of a histogram. */
function metricsIn(expression: string): readonly string[] {
  const names = expression.replace(/"[^"]*"/g, '').match(/\b(?:sallyport|http_server|process|redis)_[a-z_]+/g) ?? []
  return names.map(name => name.replace(/(_duration_seconds)_(?:bucket|sum|count)$/, '$1'))
}

test('docs/reference/metrics.md names every metric of every part, with its type, labels and who serves it', async () => {
  const rows = [...read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]+) \|/gm)]
  const documented = rows.flatMap(([, name, type, by = '']) =>
    by.split(',').map(part => `${part.trim()}: ${name} ${type}`),
  )
  const served: string[] = []
  for (const [part, origin] of Object.entries(parts))
    for (const [name, type] of (await scrape(origin)).types) served.push(`${part}: ${name} ${type}`)
  assert.deepEqual(documented.filter(line => !line.includes(' with ')).toSorted(), served.toSorted())
})

test('grants, refusals, replays, revocations, decisions and durations are counted', async () => {
  const before = (await scrape(issuer)).samples
  const got = await getCode(system, {
    client: 'web-app',
    username: 'alice',
    scope: 'read:orders offline_access',
    resource: resources.outside,
  })
  const first = await tokenRequest(system, 'web-app', redemption(got))
  const access = String(first.json.access_token)
  assert.equal((await exchange(`${gateway}/orders`, { headers: { authorization: `Bearer ${access}` } })).status, 200)
  assert.equal(
    (await exchange(`${gateway}/orders/bob-1`, { headers: { authorization: `Bearer ${access}` } })).status,
    404,
  )
  assert.equal((await tokenRequest(system, 'web-app', redemption(got))).status, 400)
  const { samples } = await scrape(issuer)
  const grew = (name: string, labels: Readonly<Record<string, string>>) =>
    total(samples, name, labels) - total(before, name, labels)
  assert.equal(grew('sallyport_grants_total', { grant_type: 'authorization_code' }), 1)
  assert.equal(grew('sallyport_grants_total', { grant_type: 'token_exchange' }), 1)
  assert.equal(grew('sallyport_refusals_total', { event: 'token_refused' }), 1)
  assert.equal(grew('sallyport_revocations_total', { kind: 'family.revoke' }), 1)
  assert.equal(grew('http_server_request_duration_seconds_count', { endpoint: '/token', status: '4xx' }), 1)
  assert.ok(total(samples, 'sallyport_store_commits_total') > total(before, 'sallyport_store_commits_total'))
  assert.ok(total(samples, 'sallyport_signing_key_left_seconds', { algorithm: 'ES256' }) > 86_400)
  const atGateway = (await scrape(gateway)).samples
  assert.equal(total(atGateway, 'sallyport_decisions_total', { door: '1', outcome: 'allow' }), 2)
  const atService = (await scrape(ordersApi)).samples
  assert.equal(total(atService, 'sallyport_decisions_total', { door: '2', outcome: 'allow' }), 1)
  assert.equal(total(atService, 'sallyport_decisions_total', { outcome: 'not_found' }), 1)
})

test('no label holds an id, an address or a word of a caller', async () => {
  await exchange(`${issuer}/token?x=unheard-of`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'unheard-of', client_id: 'unheard-of' }),
  })
  await exchange(`${gateway}/unheard-of`, { method: 'UNHEARD' })
  await exchange(`${issuer}/unheard-of`)
  for (const origin of Object.values(parts)) {
    const { samples } = await scrape(origin)
    const texts = samples.flatMap(({ labels }) => Object.values(labels))
    for (const text of texts)
      assert.doesNotMatch(text, /unheard|alice|(?:user|client)_\w{12,}|@|\b\d+\.\d+\.\d+\.\d+|[A-Za-z0-9_-]{32,}/i)
    assert.ok(samples.length < 2_000, `${samples.length} series`)
  }
})

for (const what of Object.keys(besides))
  test(`the page names what an authority with ${what} serves besides`, async () => {
    const rows = read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| authority with ([^|]+) \|/gm)
    const documented = [...rows].filter(([, , , beside]) => beside === what).map(([, name, type]) => `${name} ${type}`)
    const types = [...(await typesBeside(what))].map(([name, type]) => `${name} ${type}`)
    assert.ok(types.length > 0)
    assert.deepEqual(documented.toSorted(), types.toSorted())
  })

test('every query of the dashboard and of the alert rules asks for metrics that are served', async () => {
  const served = new Set<string>()
  for (const what of Object.keys(besides)) for (const name of (await typesBeside(what)).keys()) served.add(name)
  for (const origin of Object.values(parts)) for (const name of (await scrape(origin)).types.keys()) served.add(name)
  const dashboard = JSON.parse(read('deploy/grafana/sallyport.json'))
  const queries: string[] = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr),
  )
  assert.ok(queries.length >= 20)
  const { groups } = parse(read('deploy/prometheus/alerts.yaml'))
  const rules: { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string } }[] =
    groups.flatMap(({ rules }: { rules: object[] }) => rules)
  for (const { alert, labels, annotations } of rules) {
    assert.match(alert, /^[A-Z][A-Za-z]+$/)
    assert.ok(['page', 'ticket'].includes(labels.severity) && annotations.summary.length > 10, alert)
  }
  for (const expression of [...queries, ...rules.map(({ expr }) => expr)]) {
    const asked = metricsIn(expression)
    assert.ok(asked.length > 0 || expression.startsWith('up{'), expression)
    for (const name of asked) assert.ok(served.has(name), `${name} in ${expression}`)
  }
})

test('the dashboard is one that Grafana takes: a schema version, unique ids, panels that do not overlap', () => {
  const { schemaVersion, uid, title, panels, templating } = JSON.parse(read('deploy/grafana/sallyport.json'))
  assert.ok(schemaVersion >= 36 && uid === 'sallyport' && title === 'Sallyport')
  assert.ok(templating.list.some(({ type }: { type: string }) => type === 'datasource'))
  assert.equal(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length)
  const cells = new Set<string>()
  for (const { title: name, type, gridPos } of panels) {
    assert.ok(['row', 'timeseries'].includes(type), `${name} ${type}`)
    assert.ok(gridPos.x + gridPos.w <= 24, name)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!cells.has(`${x},${y}`), `${name} lies over another`)
        cells.add(`${x},${y}`)
      }
  }
})
