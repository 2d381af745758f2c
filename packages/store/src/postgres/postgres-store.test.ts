import { after } from 'node:test'
import { storeContract } from '../contract.suite.ts'
import { startPglite } from './testing/pglite-server.ts'
import { openScratch } from './testing/scratch-store.ts'

const pglite = await startPglite()
after(() => pglite.stop())

storeContract('postgres (PGlite)', now => openScratch(pglite.url, now))
