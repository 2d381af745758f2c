import { choice, secret, section, text } from '@sallyport/server'

const kinds = ['sqlite', 'postgres'] as const

const schema = (about: string, value: string) =>
  text({ about, default: value, pattern: /^[a-z][a-z0-9_]{0,39}$/, range: '1 to 40 of a-z, 0-9 and _' })

export const storeSection = section(
  'store',
  {
    authority: choice(kinds, {
      about: 'Where the authority keeps its data: a file of one machine, or a PostgreSQL that several processes share.',
      default: 'sqlite',
    }),
    bff: choice(kinds, { about: 'Where the browser back end keeps its sessions.', default: 'sqlite' }),
    authoritySchema: schema("The authority's schema on PostgreSQL.", 'sallyport'),
    bffSchema: schema("The back end's schema on PostgreSQL.", 'sallyport_bff'),
    postgresUrl: secret({
      about:
        'postgres://user:password@host:port/database?sslmode=verify-full, of the primary. sslrootcert=… names a CA of your own, sslcert=… and sslkey=… a client certificate.',
      optional: true,
      minLength: 12,
      variable: 'SALLYPORT_POSTGRES_URL',
    }),
    postgresReplicaUrl: secret({
      about: "The same of a streaming standby, which then answers the authority's lists that may lag.",
      optional: true,
      minLength: 12,
      variable: 'SALLYPORT_POSTGRES_REPLICA_URL',
    }),
    masterKey: secret({
      about: 'The key that everything sealed hangs on, instead of the file master.key in the data folder.',
      optional: true,
      minLength: 32,
      variable: 'SALLYPORT_MASTER_KEY',
    }),
  },
  'Data at rest.',
)
