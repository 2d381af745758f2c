import { serve } from '@hono/node-server'
import { guard } from '@sallyport/guard/fetch'
import * as notes from './notes.ts'

const protect = guard({ issuer: 'http://localhost:4000', resource: 'http://localhost:3000' })
const idOf = (request: Request) => new URL(request.url).pathname.split('/')[2]
const list = protect('read:notes')
const read = protect('read:notes', { read: request => notes.find(idOf(request)) }, { route: '/notes/:id' })
const fetch = protect.serve(async (request: Request) => {
  if (new URL(request.url).pathname === protect.metadataPath) return protect.metadata()
  return Response.json(
    idOf(request) === undefined ? notes.of((await list(request)).caller) : (await read(request)).object,
  )
})
serve({ fetch, port: 3000 })
