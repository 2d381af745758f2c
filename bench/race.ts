import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startSystem } from '../tests/system.ts'
import { type PinnedServer, startPinned } from './sides/pinned-server.ts'
import type { RacedSaid } from './sides/raced-oidc-provider.ts'

const ROUNDS = 10
const PARALLEL = 50
const main = resolve(import.meta.dirname, '../packages/sallyport/src/main.ts')

interface Contest {
  readonly kind: string
  readonly won: number
  readonly successors?: number
}

/** How many of 50 parallel uses of one credential win: at ours, durable, and at oidc-provider with records in memory and 2 ms away. */
export default async function run(): Promise<object> {
  return {
    parallel: PARALLEL,
    rounds: ROUNDS,
    won: {
      sallyport: await ours(),
      'oidc-provider in memory': await peer(0),
      'oidc-provider with its records 2 ms away': await peer(2),
    },
  }
}

async function ours(): Promise<object> {
  const system = await startSystem()
  try {
    return summed(await race(['--home', system.home, '--rounds', String(ROUNDS)], {}))
  } finally {
    await system.stop()
  }
}

async function peer(delayMs: number): Promise<object> {
  const server = await startPinned<RacedSaid>('raced-oidc-provider.ts', [String(delayMs), String(2 * ROUNDS)])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-race-'))
  try {
    return summed(await raceAll(server, folder))
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

async function raceAll({ said }: PinnedServer<RacedSaid>, folder: string): Promise<readonly Contest[]> {
  const { issuer, codes, verifier, redirectUri, secret } = said
  const web = ['--target', issuer, '--client', 'web']
  const contests: Contest[] = []
  for (const code of codes.slice(0, ROUNDS)) {
    const words = [...web, '--code', code, '--verifier', verifier, '--redirect', redirectUri]
    contests.push(...(await race(words, { SALLYPORT_CLIENT_SECRET: secret })))
  }
  for (const code of codes.slice(ROUNDS)) {
    const token = await refreshToken(said, code)
    contests.push(...(await race([...web, '--refresh-token', token], { SALLYPORT_CLIENT_SECRET: secret })))
  }
  const jwk = join(folder, 'job.json')
  writeFileSync(jwk, JSON.stringify(said.jwk))
  const words = ['--target', issuer, '--client', 'job', '--jwk', jwk, '--scope', 'read:orders']
  return [...contests, ...(await race([...words, '--rounds', String(ROUNDS)], {}))]
}

async function refreshToken({ issuer, secret, verifier, redirectUri }: RacedSaid, code: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  })
  const authorization = `Basic ${btoa(`web:${encodeURIComponent(secret)}`)}`
  const answer = await fetch(`${issuer}/token`, { method: 'POST', headers: { authorization }, body })
  const { refresh_token: token } = Object(await answer.json())
  if (typeof token !== 'string') throw new Error(`no refresh token: ${answer.status}`)
  return token
}

/** The command as anybody runs it; exit 10 says that more than one won. */
async function race(words: readonly string[], environment: Readonly<Record<string, string>>) {
  const all = [main, 'race', '--json', '--parallel', String(PARALLEL), ...words]
  const child = spawn(process.execPath, all, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise(settle => child.once('close', settle))
  const said = Buffer.concat(chunks).toString()
  if (code !== 0 && code !== 10) throw new Error(`race ended with ${code}: ${said}`)
  const { contests }: { contests: readonly Contest[] } = JSON.parse(said)
  return contests
}

/** Winners (of a refresh token: successors) of each round, by kind. */
function summed(contests: readonly Contest[]): Readonly<Record<string, readonly number[]>> {
  const kinds = [...new Set(contests.map(({ kind }) => kind))]
  return Object.fromEntries(
    kinds.map(kind => [
      kind,
      contests.filter(each => each.kind === kind).map(({ won, successors }) => successors ?? won),
    ]),
  )
}
