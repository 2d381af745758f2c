import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareConfiguration } from './compare.ts'
import { group, list, secret } from './composites.ts'
import { describeConfiguration } from './describe.ts'
import { formatProblems } from './problem.ts'
import { readConfiguration } from './read.ts'
import { choice, flag, origin, port, seconds, text, url } from './scalars.ts'
import { section } from './section.ts'

const tokens = section(
  'tokens',
  {
    accessTokenTtlSeconds: seconds({
      min: 300,
      max: 900,
      default: 300,
      live: true,
      see: 'RFC 6750 §5.3',
      about: 'Life of an access token.',
    }),
    issuer: origin({ about: 'The public origin.', default: 'http://localhost:4000' }),
    format: choice(['jwt', 'opaque'], { about: 'Kind of token.', default: 'jwt' }),
    nick: text({ about: 'A name.', optional: true }),
  },
  'Lifetimes and kinds of tokens.',
)
const gateway = section('gateway', {
  port: port({ about: 'Where it listens.', default: 4100 }),
  strict: flag({ about: 'Refuse more.', default: true }),
  routes: list(
    group({ path: text({ about: 'Prefix.' }), upstream: url({ about: 'Service.' }) }, { about: 'A route.' }),
    {
      about: 'Where requests go.',
      default: [],
      maxItems: 3,
    },
  ),
  key: secret({ about: 'Key of the gateway.', optional: true, minLength: 4 }),
})
const sections = [tokens, gateway] as const

function problemsOf(file: string | undefined, environment: Record<string, string> = {}): readonly string[] {
  const result = readConfiguration(sections, { file, environment })
  return 'problems' in result ? formatProblems(result.problems, 'f').split('\n') : []
}

test('without a file every default holds', () => {
  const result = readConfiguration(sections, { file: undefined, environment: {} })
  assert.ok('values' in result)
  const { values } = result
  const ttl: number = values.tokens.accessTokenTtlSeconds
  const format: 'jwt' | 'opaque' = values.tokens.format
  const nick: string | undefined = values.tokens.nick
  assert.deepEqual([ttl, format, nick, values.gateway.port, values.gateway.routes], [300, 'jwt', undefined, 4100, []])
})

test('a whole file is read to typed values', () => {
  const file =
    'tokens: { accessTokenTtlSeconds: 600, issuer: https://auth.example }\ngateway:\n  strict: false\n  routes:\n    - path: /orders\n      upstream: http://localhost:4300\n'
  const result = readConfiguration(sections, { file, environment: { SALLYPORT_GATEWAY_KEY: 'abcd', PATH: '/bin' } })
  assert.ok('values' in result)
  assert.equal(result.values.tokens.issuer, 'https://auth.example')
  assert.equal(result.values.gateway.key, 'abcd')
  assert.equal(result.values.gateway.routes[0]?.upstream, 'http://localhost:4300')
})

test('every mistake is told at once, by line, with the nearest right key or the range', () => {
  const file = `tokens:
  accessTokenTTL: 300
  issuer: https://auth.example/
  format: JWT
  acess_token_ttl_seconds: 5
gateway:
  strict: "yes"
  key: abcd
  port: 70000
  accessTokenTtlSeconds: 300
  routes:
    - path: /orders
      upsteam: http://localhost:4300
tokns: {}
`
  assert.deepEqual(problemsOf(file), [
    'f:2: tokens.accessTokenTTL is unknown; nearest is accessTokenTtlSeconds (300 to 900 seconds)',
    'f:3: tokens.issuer is "https://auth.example/"; expected an origin such as https://auth.example, https, or http on loopback',
    'f:4: tokens.format is "JWT"; expected jwt or opaque',
    'f:5: tokens.acess_token_ttl_seconds is unknown; nearest is accessTokenTtlSeconds (300 to 900 seconds)',
    'f:7: gateway.strict is "yes"; expected true or false',
    'f:8: gateway.key is a secret and must not stand in the file; set SALLYPORT_GATEWAY_KEY in the environment',
    'f:9: gateway.port is 70000; expected 0 to 65535',
    'f:10: gateway.accessTokenTtlSeconds is unknown; it belongs to tokens.accessTokenTtlSeconds',
    'f:12: gateway.routes[0].upstream is missing; expected an address, https, or http on loopback',
    'f:13: gateway.routes[0].upsteam is unknown; nearest is upstream (an address, https, or http on loopback)',
    'f:14: tokns is unknown; nearest is tokens',
  ])
})

test('numbers outside their range, fractions and texts are refused with the range', () => {
  for (const value of ['299', '901', '300.5', '"300"', '.inf', '-1', '[]', '5m']) {
    assert.match(
      problemsOf(`tokens: { accessTokenTtlSeconds: ${value} }`)[0] ?? '',
      /f:1: tokens\.accessTokenTtlSeconds is .*; expected 300 to 900 seconds/,
      value,
    )
  }
})

test('addresses with credentials, fragments, other schemes or http outside loopback are refused', () => {
  for (const value of [
    'http://shop.example',
    'https://u:p@a.example',
    'https://a.example/#x',
    'ftp://a.example',
    'a.example',
    '',
  ]) {
    assert.equal(problemsOf(`gateway: { routes: [{ path: /a, upstream: "${value}" }] }`).length, 1, value)
  }
  assert.deepEqual(problemsOf('gateway: { routes: [{ path: /a, upstream: "http://auth.localhost:1" }] }'), [])
})

test('a key twice, an alias, a tag, two documents and a file that is no map stop the start', () => {
  for (const file of [
    'tokens: {}\ntokens: {}',
    'tokens: { nick: &a x, format: *a }',
    'tokens: { nick: !!js/function "x" }',
    '---\n{}\n---\n{}',
    '- 1',
    'text',
    'a: [',
    '\t',
    'tokens: 5',
  ]) {
    const [first] = problemsOf(file)
    if (file !== '\t') assert.match(first ?? '', /^f:\d+: /, JSON.stringify(file))
  }
})

test('no file makes it throw, and none can set what no section knows', () => {
  const word = fc.constantFrom(
    'tokens',
    'gateway',
    'routes',
    '__proto__',
    'constructor',
    ':',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '!!',
    '"',
    '1',
    '#',
    '|',
    '?',
    '<<',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 20 }).map(parts => parts.join(' ')),
      ),
      file => {
        const result = readConfiguration(sections, { file, environment: {} })
        if ('values' in result) assert.deepEqual(Object.keys(result.values), ['tokens', 'gateway'])
        else assert.ok(result.problems.length > 0)
      },
    ),
    { numRuns: 3000 },
  )
})

test('a secret may come from a file, from one place only, and an unknown variable is a spelling mistake', t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-configuration-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const name = join(folder, 'key')
  writeFileSync(name, 'from-a-file\n')
  const result = readConfiguration(sections, { file: undefined, environment: { SALLYPORT_GATEWAY_KEY_FILE: name } })
  assert.equal('values' in result && result.values.gateway.key, 'from-a-file')
  assert.match(
    problemsOf(undefined, { SALLYPORT_GATEWAY_KEY: 'abcd', SALLYPORT_GATEWAY_KEY_FILE: name })[0] ?? '',
    /set twice/,
  )
  assert.match(
    problemsOf(undefined, { SALLYPORT_GATEWAY_KEY_FILE: join(folder, 'none') })[0] ?? '',
    /not readable .*ENOENT/,
  )
  assert.match(
    problemsOf(undefined, { SALLYPORT_GATWAY_KEY: 'abcd' })[0] ?? '',
    /is unknown; nearest is SALLYPORT_GATEWAY_KEY/,
  )
  const short = problemsOf(undefined, { SALLYPORT_GATEWAY_KEY: 'xyz' })[0] ?? ''
  assert.ok(short.includes('at least 4 characters') && !short.includes('xyz'), 'a refusal does not repeat a secret')
})

test('a change is live or needs a restart, by its key', () => {
  const before = { tokens: { accessTokenTtlSeconds: 300, issuer: 'a' }, gateway: { routes: [{ path: '/a' }] } }
  const after = { tokens: { accessTokenTtlSeconds: 600, issuer: 'b' }, gateway: { routes: [{ path: '/a' }] } }
  assert.deepEqual(compareConfiguration(sections, before, after), [
    { key: 'tokens.accessTokenTtlSeconds', live: true },
    { key: 'tokens.issuer', live: false },
  ])
})

test('the reference is generated from the sections', () => {
  const reference = describeConfiguration(sections)
  assert.match(reference, /^## tokens\n\nLifetimes and kinds of tokens\.\n/)
  assert.ok(
    reference.includes(
      '| `accessTokenTtlSeconds` | 300 to 900 seconds | `300` | yes | Life of an access token. (RFC 6750 §5.3) |',
    ),
  )
  assert.ok(
    reference.includes(
      '| `routes[].upstream` | an address, https, or http on loopback | must be set | no | Service. |',
    ),
  )
  assert.ok(
    reference.includes(
      '| `SALLYPORT_GATEWAY_KEY` (or `…_FILE`) | at least 4 characters, from the environment | none | no | Key of the gateway. |',
    ),
  )
})
