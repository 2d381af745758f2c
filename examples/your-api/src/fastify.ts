import { guard } from '@sallyport/guard/fastify'
import fastify from 'fastify'
import * as notes from './notes.ts'

const protect = guard({ issuer: 'http://localhost:4000', resource: 'http://localhost:3000' })
const app = fastify()
app.get('/notes', { preHandler: protect('read:notes') }, request => notes.of(request.caller))
const read = protect('read:notes', { read: request => notes.find((request.params as { id: string }).id) })
app.get('/notes/:id', { preHandler: read }, async request => request.object)
app.get(protect.metadataPath, protect.metadata)
await app.listen({ port: 3000 })
