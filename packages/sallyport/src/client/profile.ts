import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Terminal } from '../command-line/terminal.ts'
import { readJsonFile, writePrivateFile } from '../home/private-file.ts'

/** A secret that its user asked to keep (`--save`), for one client of one issuer. */
export interface SavedClient {
  readonly issuer: string
  readonly client_id: string
  readonly client_secret: string
  readonly token_endpoint_auth_method: string
}

/** The caller's own profile: `$XDG_CONFIG_HOME/sallyport/clients.json`, 0600. */
function profilePath({ environment }: Terminal): string {
  const base = environment.XDG_CONFIG_HOME ?? join(environment.HOME ?? homedir(), '.config')
  return join(base, 'sallyport', 'clients.json')
}

export function saveClient(terminal: Terminal, saved: SavedClient): string {
  const path = profilePath(terminal)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const others = savedClients(path).filter(each => each.issuer !== saved.issuer || each.client_id !== saved.client_id)
  writePrivateFile(path, `${JSON.stringify([...others, saved], undefined, 2)}\n`)
  return path
}

export function findSavedClient(terminal: Terminal, issuer: string, clientId: string): SavedClient | undefined {
  return savedClients(profilePath(terminal)).find(each => each.issuer === issuer && each.client_id === clientId)
}

function savedClients(path: string): readonly SavedClient[] {
  const value = readJsonFile(path)
  return Array.isArray(value) ? value.filter(isSaved) : []
}

function isSaved(value: unknown): value is SavedClient {
  const { issuer, client_id, client_secret } = Object(value)
  return typeof issuer === 'string' && typeof client_id === 'string' && typeof client_secret === 'string'
}
