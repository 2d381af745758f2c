import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AuthorityServer } from './authorities.ts'
import { clientId, verifier } from './token-path.ts'

/** The form of a request to the token endpoint by the measurement's client. */
export function tokenForm(server: AuthorityServer, fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ client_id: clientId, client_secret: server.said.secret, ...fields }).toString()
}

/** The form that redeems a code, PKCE included. */
export function codeForm(server: AuthorityServer, code: string): string {
  const { redirectUri: redirect_uri } = server.said
  return tokenForm(server, { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier })
}

/** New codes, as the authorization endpoint would give them. */
export async function codesOf(server: AuthorityServer, count: number): Promise<readonly string[]> {
  if (server.input === null || server.output === null) throw new Error('the side takes no orders')
  server.input.write(`${count}\n`)
  const lines = createInterface(server.output)
  const [line] = await once(lines, 'line')
  lines.close()
  return JSON.parse(String(line)).codes
}

/** Asks the token endpoint. @throws Error with the answer when it gives no token */
export async function tokensOf(server: AuthorityServer, form: string): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${server.said.issuer}${server.said.token}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${answer.status} ${JSON.stringify(body)}`)
  return body
}

/** A file for a script of bench/load/, with one entry a line. */
export function linesFile(lines: readonly string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'sallyport-load-')), 'lines')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
