import type { TestContext } from 'node:test'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Caller } from '@sallyport/guard'
import { guard } from '@sallyport/guard/express'
import express from 'express'

export const readScope = 'read:notes'
export const writeScope = 'write:notes'

/** The tools and what each of them takes; whatever is not named here takes the most. */
const scopes: ReadonlyMap<string, string> = new Map([
  ['whoami', readScope],
  ['add-note', writeScope],
])

const quiet = { info: () => undefined, warn: console.warn, error: console.error }

/** An MCP server with tools of two scopes, on the SDK's own transport and Express, protected by guard alone. */
export async function serveMcp(t: TestContext, issuer: string, resource: string): Promise<void> {
  const protect = guard({ issuer, resource, implies: { [writeScope]: [readScope] }, log: quiet })
  const doors = new Map([readScope, writeScope].map(scope => [scope, protect(scope)]))
  const app = express()
  app.get(protect.metadataPath, protect.metadata)
  app.post(
    '/mcp',
    express.json(),
    (request, response, next) => doors.get(scopeOf(request.body))?.(request, response, next),
    async (request, response) => {
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      await toolsFor(request.caller).connect(transport)
      await transport.handleRequest(request, response, request.body)
    },
  )
  app.all('/mcp', protect(readScope), (_request, response) => void response.sendStatus(405))
  const server = app.listen(Number(new URL(resource).port), 'localhost')
  t.after(() => {
    protect.close()
    server.closeAllConnections()
    server.close()
  })
  await new Promise(resolve => server.once('listening', resolve))
}

/** What a JSON-RPC message, or the most demanding one of a batch, takes (MCP Authorization, Scope Challenge Handling). */
function scopeOf(body: unknown): string {
  const calls = [body].flat().flatMap(message => {
    const { method, params } = Object(message)
    return method === 'tools/call' ? [String(Object(params).name)] : []
  })
  return calls.every(name => scopes.get(name) === readScope) ? readScope : writeScope
}

function toolsFor(caller: Caller): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  const text = (value: object) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] })
  server.registerTool('whoami', { description: 'Who calls' }, () =>
    text({ subject: caller.subject, scopes: [...caller.scopes] }),
  )
  server.registerTool('add-note', { description: 'Adds a note' }, () => text({ added_for: caller.subject }))
  return server
}
