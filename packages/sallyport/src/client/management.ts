import type { Invocation } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { administratorId, administratorKey } from '../home/administrator.ts'
import { type Answer, callJson, refusedBy } from './call.ts'
import { type Installation, installationOf } from './installation.ts'
import { requestToken } from './token-endpoint.ts'

/** The management API as the local administrator calls it. */
export interface Management {
  readonly installation: Installation
  get(path: string): Promise<Answer>
  /** Every item of a list, page after page. */
  all(path: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  post(path: string, body?: object): Promise<Answer>
  /** Reads the record, and changes it only if nobody else did meanwhile. */
  change(path: string, change: (before: Readonly<Record<string, unknown>>) => object): Promise<Answer>
  remove(path: string): Promise<Answer>
}

/** @throws CommandFailure when the installation is not running, or refuses */
export async function openManagement(invocation: Invocation, terminal: Terminal): Promise<Management> {
  const installation = installationOf(invocation, terminal)
  const { issuer, home } = installation
  const proof = { clientId: administratorId, kind: 'key', key: administratorKey(home) } as const
  const { access_token } = await requestToken(issuer, proof, {
    grant_type: 'client_credentials',
    resource: `${issuer}/manage`,
  })
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { ...init.headers, authorization: `Bearer ${access_token}` }
    const answer = await callJson(`${issuer}/manage${path}`, { ...init, headers })
    if (answer.status >= 400) throw refusedBy(answer, 'The request')
    return answer
  }
  const json = (method: string, type: string, body: object, more = {}): RequestInit => ({
    method,
    headers: { 'content-type': type, ...more },
    body: JSON.stringify(body),
  })
  return {
    installation,
    get: path => ask(path),
    all: async path => {
      const items: Readonly<Record<string, unknown>>[] = []
      let next: unknown
      do {
        const separator = path.includes('?') ? '&' : '?'
        const page = await ask(`${path}${separator}limit=200${typeof next === 'string' ? `&after=${next}` : ''}`)
        if (Array.isArray(page.body.items)) items.push(...page.body.items)
        next = page.body.next
      } while (typeof next === 'string')
      return items
    },
    post: (path, body = {}) => ask(path, json('POST', 'application/json', body)),
    change: async (path, change) => {
      const before = await ask(path)
      const etag = before.headers.get('etag') ?? '*'
      return ask(path, json('PATCH', 'application/merge-patch+json', change(before.body), { 'if-match': etag }))
    },
    remove: path => ask(path, { method: 'DELETE' }),
  }
}
