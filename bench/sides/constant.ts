/** A server of node:http alone that answers one constant: what no framework can be faster than. Its argument is the body's size in bytes. */
import { createServer } from 'node:http'
import { freePorts } from '../../tests/free-ports.ts'

const { port } = await freePorts(['port'])
const body = JSON.stringify({ constant: 'x'.repeat(Number(process.argv[2] ?? 1000) - 15) })
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
createServer((_request, response) => response.writeHead(200, headers).end(body)).listen(port, '127.0.0.1', () =>
  process.stdout.write(`${JSON.stringify({ issuer: `http://127.0.0.1:${port}`, jwks: '/', discovery: '/' })}\n`),
)
process.once('SIGTERM', () => process.exit(0))
