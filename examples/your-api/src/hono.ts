import { serve } from '@hono/node-server'
import { guard } from '@sallyport/guard/hono'
import { Hono } from 'hono'
import * as notes from './notes.ts'

const protect = guard({ issuer: 'http://localhost:4000', resource: 'http://localhost:3000' })
const app = new Hono()
app.get('/notes', protect('read:notes'), c => c.json(notes.of(c.get('caller'))))
app.get('/notes/:id', protect('read:notes', { read: c => notes.find(c.req.param('id')) }), c => c.json(c.get('object')))
app.get(protect.metadataPath, protect.metadata)
serve({ fetch: app.fetch, port: 3000 })
