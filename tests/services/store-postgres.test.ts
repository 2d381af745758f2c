import { after, before } from 'node:test'
import { storeContract } from '@sallyport/store/suite'
import { openScratch } from '../../packages/store/src/postgres/testing/scratch-store.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

storeContract('postgres', now => openScratch(server.url, now))
