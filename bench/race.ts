import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { install } from '../tests/services/machines.ts'
import { startPostgres } from '../tests/services/postgres.ts'
import { startSystem } from '../tests/system.ts'
import { startHydra } from './sides/hydra.ts'
import { hydraVersion } from './sides/hydra-program.ts'
import { startPinned } from './sides/pinned-server.ts'
import type { Raced } from './sides/raced.ts'
import type { RacedSaid } from './sides/raced-oidc-provider.ts'

const ROUNDS = 10
const PARALLEL = 50
const main = resolve(import.meta.dirname, '../packages/sallyport/src/main.ts')

interface Contest {
  readonly kind: string
  readonly won: number
  readonly successors?: number
  readonly answers: Readonly<Record<string, number>>
}

/**
 * How many of 50 parallel uses of one credential win: at ours, durable, on SQLite and on Postgres; at oidc-provider with
 * records in memory and 2 ms away; at ORY Hydra on Postgres, without and with a grace period for used refresh tokens.
 */
export default async function run(): Promise<object> {
  return {
    parallel: PARALLEL,
    rounds: ROUNDS,
    won: {
      sallyport: await ours(),
      'sallyport, two authorities on Postgres': await oursOnPostgres(),
      'oidc-provider in memory': await oidcProvider(0),
      'oidc-provider with its records 2 ms away': await oidcProvider(2),
      [`Hydra ${hydraVersion} on Postgres`]: await hydra('0s'),
      [`Hydra ${hydraVersion} on Postgres, refresh tokens used again for 10 s`]: await hydra('10s'),
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

async function oursOnPostgres(): Promise<object> {
  const postgres = await startPostgres()
  try {
    const installation = await install({ postgres: postgres.url })
    try {
      const { authority } = await installation.join('second', ['authority'])
      return summed(
        await race(['--home', installation.first.home, '--also', authority, '--rounds', String(ROUNDS)], {}),
      )
    } finally {
      await installation.stop()
    }
  } finally {
    await postgres.stop()
  }
}

async function oidcProvider(delayMs: number): Promise<object> {
  const wanted = [delayMs, 2 * ROUNDS, ROUNDS].map(String)
  const server = await startPinned<RacedSaid>('raced-oidc-provider.ts', wanted)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-race-'))
  const jwk = join(folder, 'job.json')
  try {
    writeFileSync(jwk, JSON.stringify(server.said.jwk))
    const words = ['--target', server.said.issuer, '--client', 'job', '--jwk', jwk, '--scope', 'read:orders']
    return summed([
      ...(await raceForTokens(server.said)),
      ...(await race([...words, '--rounds', String(ROUNDS)], {})),
      ...(await raceForDeviceCodes(server.said)),
      ...(await raceForRequestUris(server.said)),
    ])
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

/**
 * Codes and refresh tokens: it knows no DPoP, pushed requests or device codes, and takes an assertion for its token endpoint
 * only, where ours names the issuer.
 */
async function hydra(rotationGracePeriod: string): Promise<object> {
  const server = await startHydra({ rotationGracePeriod, codes: 2 * ROUNDS })
  try {
    return summed(await raceForTokens(server.said))
  } finally {
    await server.stop()
  }
}

/** Half of the codes are raced for, and with the other half refresh tokens are got. */
async function raceForTokens(said: Raced): Promise<readonly Contest[]> {
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
  return contests
}

async function raceForDeviceCodes({ issuer, deviceCodes }: RacedSaid): Promise<readonly Contest[]> {
  const contests: Contest[] = []
  for (const code of deviceCodes)
    contests.push(...(await race(['--target', issuer, '--client', 'tv', '--device-code', code], {})))
  return contests
}

/** Opened by nobody that the server knows, and in the browser of a user who is signed in. */
async function raceForRequestUris({ issuer, secret, redirectUri, cookies }: RacedSaid): Promise<readonly Contest[]> {
  const words = ['--target', issuer, '--client', 'web', '--redirect', redirectUri, '--scope', 'read:orders']
  const often = [...words, '--rounds', String(ROUNDS)]
  const environment = { SALLYPORT_CLIENT_SECRET: secret }
  const opened = await race(often, environment)
  const signedIn = await race(often, { ...environment, SALLYPORT_SESSION_COOKIE: cookies })
  return [...opened, ...signedIn.map(contest => ({ ...contest, kind: `${contest.kind}, signed in` }))]
}

async function refreshToken({ tokenEndpoint, secret, verifier, redirectUri }: Raced, code: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  })
  const authorization = `Basic ${btoa(`web:${encodeURIComponent(secret)}`)}`
  const answer = await fetch(tokenEndpoint, { method: 'POST', headers: { authorization }, body })
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

/** Winners (of a refresh token: successors) of each round, by kind; beside them the uses that were never answered, if there are any. */
function summed(contests: readonly Contest[]): Readonly<Record<string, readonly number[]>> {
  const rounds = Object.entries(Object.groupBy(contests, ({ kind }) => kind))
  return Object.fromEntries(
    rounds.flatMap(([kind, ofKind = []]) => {
      const unanswered = ofKind.map(({ answers }) => answers['no answer'] ?? 0)
      return [
        [kind, ofKind.map(({ won, successors }) => successors ?? won)],
        ...(unanswered.some(count => count > 0) ? [[`${kind}, never answered`, unanswered]] : []),
      ]
    }),
  )
}
