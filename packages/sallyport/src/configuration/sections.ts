import { choice, count, flag, list, origin, path, ratio, seconds, section, text, url } from '@sallyport/server'
import { demoPorts } from '../demo/addresses.ts'
import { appSection } from './sections/app.ts'
import { auditSection } from './sections/audit.ts'
import { gatewaySection } from './sections/gateway.ts'
import { processSection } from './sections/process.ts'
import { redisSection } from './sections/redis.ts'
import { storeSection } from './sections/store.ts'

/** A port that is part of a public address, so it cannot be left to the system. */
const tcpPort = (about: string, value: number) => count({ about, min: 1, max: 65_535, default: value })

/** Everything that an operator may set, in the order of the reference. */
export const sections = [
  section(
    'authority',
    {
      issuer: origin({
        about: 'Public address, byte for byte as tokens and metadata say it; left out, http://localhost with the port.',
        optional: true,
        see: 'RFC 8414 §2',
      }),
      port: tcpPort('Port of the authority.', demoPorts.authority),
      addresses: list(text({ about: 'An address.', maxLength: 45 }), {
        about: 'Addresses that all listeners bind.',
        default: ['127.0.0.1', '::1'],
        minItems: 1,
        maxItems: 8,
      }),
      trustedProxies: list(text({ about: 'An address or CIDR block.', maxLength: 49 }), {
        about: 'Proxies whose X-Forwarded-For is believed.',
        default: [],
        maxItems: 64,
      }),
      interactionsPerMinute: count({
        about: 'Sign-ins and passkey challenges that one network (IPv4 address, IPv6 /64) may begin in a minute.',
        min: 1,
        max: 1_000_000,
        default: 300,
        see: 'RFC 6585 §4',
      }),
      refusedTokenRequestsPerMinute: count({
        about: 'Token, introspection and revocation requests that one network may have refused in a minute.',
        min: 1,
        max: 1_000_000,
        default: 3000,
        see: 'RFC 6585 §4',
      }),
    },
    'The identity provider and authorization server.',
  ),
  section(
    'tokens',
    {
      accessTokenTtlSeconds: seconds({
        about: 'Life of an access token, unless its resource says otherwise.',
        min: 300,
        max: 900,
        default: 300,
        live: true,
        see: 'RFC 9700 §2.2.1',
      }),
      codeTtlSeconds: seconds({
        about: 'Life of an authorization code.',
        min: 10,
        max: 600,
        default: 60,
        live: true,
        see: 'OAuth 2.1 §4.1.2',
      }),
      idTokenTtlSeconds: seconds({ about: 'Life of an ID token.', min: 60, max: 3600, default: 300, live: true }),
      refreshTokenTtlSeconds: seconds({
        about: 'Life of a token family from its first token; rotation never extends it.',
        min: 3600,
        max: 31_536_000,
        default: 2_592_000,
        live: true,
        see: 'RFC 9700 §4.14.2',
      }),
      refreshReuseSeconds: seconds({
        about: "How long a rotated refresh token is answered with its family's current one.",
        min: 0,
        max: 60,
        default: 30,
        live: true,
      }),
      phantomTokenTtlSeconds: seconds({
        about: 'Longest life of a token that the gateway gets for the service behind it.',
        min: 10,
        max: 300,
        default: 60,
        live: true,
        see: 'RFC 8693',
      }),
      leewaySeconds: seconds({ about: 'How far a clock may be off.', min: 0, max: 60, default: 5, live: true }),
    },
    'Lives of tokens.',
  ),
  section(
    'sessions',
    {
      ttlSeconds: seconds({
        about: "Length of a browser's sign-in, at the authority and at the browser back end.",
        min: 300,
        max: 2_592_000,
        default: 43_200,
        live: true,
      }),
    },
    'Sign-ins of people.',
  ),
  section(
    'keys',
    {
      announceSeconds: seconds({
        about: 'How long a key is published before it signs.',
        min: 60,
        max: 2_592_000,
        default: 86_400,
      }),
      signSeconds: seconds({
        about: 'How long a key signs until the next one does.',
        min: 3600,
        max: 31_536_000,
        default: 2_592_000,
      }),
      retireSeconds: seconds({
        about: 'How long a key verifies after its successor signs.',
        min: 960,
        max: 2_592_000,
        default: 86_400,
      }),
    },
    'Signing keys, rotated on this schedule without a restart.',
  ),
  gatewaySection,
  appSection,
  section(
    'ordersApi',
    {
      origin: origin({ about: 'Address of the orders API; left out, http://localhost with the port.', optional: true }),
      port: tcpPort('Port of the orders API.', demoPorts.ordersApi),
    },
    'The demo service behind the gateway.',
  ),
  section(
    'demo',
    { enabled: flag({ about: 'Whether demo users, clients and services are made and started.', default: true }) },
    'The demo.',
  ),
  section(
    'log',
    {
      level: choice(['debug', 'info', 'warn', 'error'], {
        about: 'The least important lines written.',
        default: 'info',
      }),
      file: path({
        about: 'Where lines go; - is standard error. Default: sallyport.log in the data folder.',
        optional: true,
      }),
    },
    'The log: one JSON object a line, without tokens, secrets, codes and passwords.',
  ),
  section(
    'tracing',
    {
      endpoint: url({
        about:
          'Where a collector takes traces by OTLP/HTTP, such as http://localhost:4318/v1/traces; left out, none are made.',
        optional: true,
        schemes: ['http', 'https'],
        see: 'OTLP 1.x',
      }),
      ratio: ratio({ about: 'How many of the traces that begin here are recorded.', default: 1 }),
      incoming: choice(['link', 'continue'], {
        about: 'A trace that comes from outside: begin a new one that names it, or continue it.',
        default: 'link',
        see: 'W3C Trace Context §4.3',
      }),
    },
    'Traces (OpenTelemetry). Spans hold no token, claim, name or address of a person.',
  ),
  storeSection,
  auditSection,
  redisSection,
  processSection,
] as const
