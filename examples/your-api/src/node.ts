import { createServer } from 'node:http'
import { guard } from '@sallyport/guard/node'
import * as notes from './notes.ts'

const protect = guard({ issuer: 'http://localhost:4000', resource: 'http://localhost:3000' })
const idOf = (request: { url?: string | undefined }) => request.url?.split('/')[2]
const list = protect('read:notes')
const read = protect('read:notes', { read: request => notes.find(idOf(request)) }, { route: '/notes/:id' })
createServer(async (request, response) => {
  if (request.url === protect.metadataPath) return protect.metadata(request, response)
  const passed = await (idOf(request) === undefined ? list : read)(request, response)
  if (passed) response.end(JSON.stringify(passed.object ?? notes.of(passed.caller)))
}).listen(3000)
