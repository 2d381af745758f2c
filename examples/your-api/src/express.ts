import { guard } from '@sallyport/guard/express'
import express from 'express'
import * as notes from './notes.ts'

const protect = guard({ issuer: 'http://localhost:4000', resource: 'http://localhost:3000' })
const app = express()
app.get('/notes', protect('read:notes'), (req, res) => void res.json(notes.of(req.caller)))
app.get(
  '/notes/:id',
  protect('read:notes', { read: req => notes.find(req.params.id) }),
  (req, res) => void res.json(req.object),
)
app.get(protect.metadataPath, protect.metadata)
app.listen(3000)
