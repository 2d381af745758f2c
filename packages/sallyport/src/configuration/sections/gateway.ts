import { choice, count, flag, group, list, origin, path, secret, section, text, url } from '@sallyport/server'
import { demoPorts } from '../../demo/addresses.ts'

/** One way through the gateway, to a service of the operator's own. */
const route = group(
  {
    prefix: text({
      about: 'Path from outside, on whole segments.',
      pattern: /^\/(?:[\w\-.~]+(?:\/[\w\-.~]+)*)?$/,
      range: 'a plain path such as /notes',
    }),
    upstream: url({ about: 'What takes its place inside.', schemes: ['http', 'https'] }),
    resource: url({
      about: "Identifier that tokens from outside are for. Default: the gateway's address with the prefix.",
      optional: true,
      see: 'RFC 8707 §2',
    }),
    audience: url({
      about: "Identifier of the service, for which it gets tokens. Default: the upstream's origin.",
      optional: true,
      schemes: ['http', 'https'],
      see: 'RFC 8693 §2.1',
    }),
    readScope: text({ about: 'Scope that GET and HEAD need here already; the service asks again.', optional: true }),
    writeScope: text({ about: 'Scope that all other methods need here already.', optional: true }),
    publicPaths: list(text({ about: 'A path below the prefix.', maxLength: 1000 }), {
      about: 'Paths that GET reads without a token, from outside: /notes/openapi.json.',
      default: [],
      maxItems: 100,
    }),
  },
  { about: 'A way to a service.' },
)

export const gatewaySection = section(
  'gateway',
  {
    origin: origin({
      about: 'Public address of the gateway; left out, http://localhost with the port.',
      optional: true,
    }),
    tlsOrigin: origin({
      about: 'Public address of the gateway with TLS; left out, https://localhost with the port.',
      optional: true,
    }),
    dpopNonces: flag({
      about: 'Whether DPoP proofs must carry a nonce of ours; gateways with one master key give and take the same.',
      default: false,
      see: 'RFC 9449 §9',
    }),
    clientKey: path({
      about: "The gateway's private key at the authority (a JWK). Default: gateway.key.json in the data folder.",
      optional: true,
    }),
    port: count({ about: 'Port of the gateway.', min: 1, max: 65_535, default: demoPorts.gateway }),
    tlsPort: count({ about: 'Port of the gateway with TLS.', min: 1, max: 65_535, default: demoPorts.gatewayTls }),
    requestsPerMinute: count({
      about: 'Requests that one client may make in a minute.',
      min: 1,
      max: 1_000_000,
      default: 600,
    }),
    refusedPerMinute: count({
      about: 'Requests that one network (IPv4 address, IPv6 /64) may have refused in a minute.',
      min: 1,
      max: 1_000_000,
      default: 120,
      see: 'RFC 6585 §4',
    }),
    corsOrigins: list(origin({ about: 'An origin.' }), {
      about: 'Origins whose pages may call the gateway (CORS).',
      default: [],
      maxItems: 100,
    }),
    routes: list(route, {
      about: 'Ways to services of your own, beside that of the demo.',
      default: [],
      maxItems: 200,
    }),
    decisionProxy: choice(['none', 'nginx', 'envoy'], {
      about: 'Which proxy asks for verdicts on a listener of its own (docs/proxies.md).',
      default: 'none',
    }),
    decisionPort: count({ about: 'Port of that listener.', min: 1, max: 65_535, default: 4180 }),
    decisionOrigin: origin({
      about: 'Where callers reach that proxy. Default: the public address of the gateway.',
      optional: true,
    }),
    decisionFrom: list(text({ about: 'An address or CIDR block.', maxLength: 49 }), {
      about: 'Addresses that proxy asks from, where no secret is set.',
      default: ['127.0.0.1', '::1'],
      minItems: 1,
      maxItems: 64,
    }),
    decisionSecret: secret({
      about: 'What that proxy sends with each question in X-Sallyport-Secret; with it, addresses are not looked at.',
      optional: true,
      minLength: 32,
    }),
  },
  'The edge.',
)
