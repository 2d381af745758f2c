/**
 * The trip of a token request (HOUSE-STYLE): which files one exchange of a code for a JWT access token, a refresh token
 * and an ID token passes through, bytes to bytes. `npm run trip [-- --write]`; with `--write` the figures go into
 * docs/architecture.md. A mirror, not a gate.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withEntries } from './trip/entries.ts'
import { summarise, type Trip, tripTable } from './trip/table.ts'

declare global {
  /** Called at the entry of every instrumented function, with its file. */
  var enterFile: (file: string) => void
}

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/architecture.md')
let recorded: string[] | undefined

globalThis.enterFile = file => {
  recorded?.push(file)
}

registerHooks({
  load: (url, context, nextLoad) => {
    const file = url.startsWith('file:') ? fileURLToPath(url).slice(root.length + 1) : ''
    const isOurs = /^packages\/[^/]+\/src\/.*(?<!\.test|\.suite)\.ts$/.test(file) && !file.includes('/testing/')
    if (!isOurs) return nextLoad(url, context)
    const source = withEntries(file, readFileSync(fileURLToPath(url), 'utf8'))
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})

const plain = await record({ withProof: false })
const proven = await record({ withProof: true })
const report = tripTable(plain, proven)
process.stdout.write(`${report}\n`)
if (process.argv.includes('--write')) writeBetweenMarkers(report)

/** One exchange over a socket, a real store and real keys; a first one warms what is made once. */
async function record({ withProof }: { readonly withProof: boolean }): Promise<Trip> {
  const { openHarness } = await import('../packages/authority/src/testing/authority-harness.ts')
  const { proof, basic } = await import('../packages/authority/src/testing/token-requests.ts')
  const { registerBackChannel } = await import('../packages/authority/src/http/back-channel.ts')
  const { createListener } = await import('@sallyport/server')
  const { generateSigningKey } = await import('@sallyport/credentials')
  const harness = await openHarness()
  const listener = createListener({ name: 'authority', origin: harness.context.issuer, port: 0 })
  registerBackChannel(listener, harness.context)
  const client = harness.clients.webApp
  const key = generateSigningKey('ES256')
  const { port } = await listener.listen()
  try {
    let entries: readonly string[] = []
    for (const round of ['warm-up', 'measured']) {
      const { resource } = harness.resources.orders
      const { code, verifier } = await harness.mintCode(client, { resources: [resource] })
      const request = {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: basic(client.client_id, harness.secrets[client.client_id] ?? ''),
          ...(withProof ? { dpop: proof(harness, key) } : {}),
        },
        body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: verifier }).toString(),
      }
      recorded = []
      const answer = await fetch(`http://localhost:${port}/token`, request)
      entries = recorded
      recorded = undefined
      const tokens: Record<string, unknown> = JSON.parse(await answer.text())
      const isWhole = String(tokens.access_token).startsWith('eyJ') && 'refresh_token' in tokens && 'id_token' in tokens
      if (!isWhole) throw new Error(`the ${round} exchange gave ${answer.status} ${Object.keys(tokens).join(', ')}`)
    }
    return summarise(entries)
  } finally {
    await listener.close()
    await harness.close()
  }
}

function writeBetweenMarkers(report: string): void {
  const [begin, end] = ['<!-- trip:begin -->', '<!-- trip:end -->']
  const text = readFileSync(page, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no ${begin} … ${end}`)
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${report}\n\n${text.slice(to)}`)
}
