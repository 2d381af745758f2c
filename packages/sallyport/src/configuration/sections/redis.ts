import { choice, path, secret, section, text } from '@sallyport/server'

export const redisSection = section(
  'redis',
  {
    url: secret({
      about: 'redis:// or rediss:// of one server, or of several nodes of a cluster with commas between.',
      optional: true,
      minLength: 9,
      variable: 'SALLYPORT_REDIS_URL',
    }),
    tlsCa: path({
      about: 'PEM file of the authorities that may vouch for a rediss:// server, instead of those that Node knows.',
      optional: true,
    }),
    tlsCert: path({
      about: 'PEM file of the certificate that a server asks of its clients (tls-auth-clients), with its chain.',
      optional: true,
    }),
    tlsKey: path({
      about: 'PEM file of its private key, without a passphrase: mode 0600, or 0640 when root owns it.',
      optional: true,
    }),
    prefix: text({
      about: 'Begins every key and channel.',
      default: 'sallyport',
      pattern: /^[\w-]{1,40}$/,
      range: '1 to 40 of letters, digits, - and _',
    }),
    rateLimits: choice(['open', 'closed'], {
      about: 'What rate limits answer while Redis is away: all may pass, or none. Proofs are refused either way.',
      default: 'open',
    }),
  },
  'Redis or Valkey for what lives for seconds and is asked for by all processes: used proofs, rate limits, wake-ups.',
)
