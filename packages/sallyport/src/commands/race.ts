import { readFileSync } from 'node:fs'
import { importPrivateJwk, isRefusal } from '@sallyport/credentials'
import { installationOf } from '../client/installation.ts'
import { askForCode } from '../client/sign-in.ts'
import type { ClientProof } from '../client/token-endpoint.ts'
import { CommandFailure, flag, flagList, type Invocation, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { type DemoFile, readDemoFile } from '../demo/demo-file.ts'
import type { Contest } from '../race/contest.ts'
import {
  type Contender,
  type Parameters,
  raceForAssertion,
  raceForCode,
  raceForProof,
  raceForRefresh,
  refreshTokenOf,
} from '../race/contests.ts'
import { findTarget } from '../race/target.ts'

/** Races for each kind of one-time credential that can be had with what was given, and says how many won. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const target = flag(invocation, 'target')
  const parallel = numberOf(invocation, 'parallel', { least: 2, most: 500, otherwise: 50 })
  const rounds = numberOf(invocation, 'rounds', { least: 1, most: 1000, otherwise: 5 })
  const contests =
    target === undefined
      ? await raceHere(invocation, terminal, { parallel, rounds })
      : await raceThere(invocation, terminal, { parallel, rounds, target })
  if (contests.length === 0) throw nothingToRaceFor()
  const wrong = contests.filter(({ right }) => !right)
  return {
    text: byKind(contests).map(shown).join('\n'),
    data: { right: wrong.length === 0, contests },
    ...(wrong.length === 0 ? {} : { found: true }),
  }
}

interface Extent {
  readonly parallel: number
  readonly rounds: number
}

/** What runs from this data folder: a user of the demo signs in for every code. */
async function raceHere(invocation: Invocation, terminal: Terminal, { parallel, rounds }: Extent) {
  const { home, issuer } = installationOf(invocation, terminal)
  const demo = readDemoFile(home)
  if (demo === undefined) throw nothingToRaceFor()
  const target = await findTarget(issuer, flagList(invocation, 'also'))
  const user = demo.users.find(({ username }) => username === (flag(invocation, 'as') ?? username))
  if (user === undefined) throw usage('as', demo.users.map(({ username }) => username).join(', '))
  const person: Contender = { target, parallel, proof: { clientId: 'terminal', kind: 'none' } }
  const resource = flag(invocation, 'resource') ?? demo.orders_api
  const codeOf = () => askForCode({ issuer, clientId: 'terminal', ...user, scope: 'read:orders', resource })
  const machine: Contender = { target, parallel, proof: machineOf(demo) }
  const grant = { grant_type: 'client_credentials', resource }
  const contests: Contest[] = []
  for (let round = 0; round < rounds; round += 1) {
    contests.push(await raceForCode(person, (await codeOf()).parameters))
    const refresh = await refreshTokenOf(person, (await codeOf()).parameters)
    if (refresh !== undefined) contests.push(await raceForRefresh(person, refresh, { resource }))
    contests.push(await raceForAssertion(machine, grant), await raceForProof(machine, grant))
  }
  return contests
}

function machineOf(demo: DemoFile): ClientProof {
  const client = demo.clients.find(
    each => each.private_jwk && each.scope !== '' && each.grant_types.includes('client_credentials'),
  )
  const key = importPrivateJwk(client?.private_jwk, 'ES256')
  if (client === undefined || isRefusal(key)) throw nothingToRaceFor()
  return { clientId: client.client_id, kind: 'key', key }
}

/** Any other server: what can be raced for follows from what was given. */
async function raceThere(invocation: Invocation, terminal: Terminal, extent: Extent & { readonly target: string }) {
  const { parallel, rounds } = extent
  const proof = proofOf(invocation, terminal)
  const contender: Contender = {
    target: await findTarget(extent.target, flagList(invocation, 'also')),
    parallel,
    proof,
  }
  const scopes = flagList(invocation, 'scope')
  const asked: Parameters = {
    scope: scopes.length === 0 ? undefined : scopes.join(' '),
    resource: flag(invocation, 'resource'),
  }
  const contests: Contest[] = []
  const code = flag(invocation, 'code')
  if (code !== undefined) {
    const redemption = {
      grant_type: 'authorization_code',
      code,
      code_verifier: flag(invocation, 'verifier'),
      redirect_uri: flag(invocation, 'redirect'),
      resource: asked.resource,
    }
    contests.push(await raceForCode(contender, redemption))
  }
  const refresh = flag(invocation, 'refresh-token')
  if (refresh !== undefined) contests.push(await raceForRefresh(contender, refresh, asked))
  if (proof.kind === 'none') return contests
  const grant = { grant_type: 'client_credentials', ...asked }
  for (let round = 0; round < rounds && code === undefined && refresh === undefined; round += 1) {
    if (proof.kind === 'key') contests.push(await raceForAssertion(contender, grant))
    contests.push(await raceForProof(contender, grant))
  }
  return contests
}

function proofOf(invocation: Invocation, terminal: Terminal): ClientProof {
  const clientId = flag(invocation, 'client')
  if (clientId === undefined) throw usage('client', 'the client_id that the server knows')
  const file = flag(invocation, 'jwk')
  const secret = terminal.environment.SALLYPORT_CLIENT_SECRET
  if (file !== undefined) return { clientId, kind: 'key', key: readKey(file) }
  if (secret === undefined || secret === '') return { clientId, kind: 'none' }
  return { clientId, kind: 'secret', secret, method: flag(invocation, 'auth') ?? 'client_secret_basic' }
}

function readKey(file: string) {
  const jwk: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const kty = Object(jwk).kty
  const key = importPrivateJwk(jwk, kty === 'RSA' ? 'PS256' : kty === 'OKP' ? 'EdDSA' : 'ES256')
  if (isRefusal(key)) throw usage('jwk', key.expected ?? 'a private JWK')
  return key
}

function numberOf(
  invocation: Invocation,
  name: string,
  bounds: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const given = flag(invocation, name)
  const value = given === undefined ? bounds.otherwise : Number(given)
  if (Number.isSafeInteger(value) && value >= bounds.least && value <= bounds.most) return value
  throw usage(name, `${bounds.least} to ${bounds.most}`)
}

/** The worst round of each kind speaks for all of them. */
function byKind(
  contests: readonly Contest[],
): readonly (Contest & { readonly rounds: number; readonly wrong: number })[] {
  return [...new Set(contests.map(({ kind }) => kind))].map(kind => {
    const ofKind = contests.filter(each => each.kind === kind)
    const wrong = ofKind.filter(({ right }) => !right)
    const [worst] = [...wrong, ...ofKind]
    if (worst === undefined) throw new Error(`nothing of ${kind}`)
    return { ...worst, rounds: ofKind.length, wrong: wrong.length }
  })
}

function shown(contest: Contest & { readonly rounds: number; readonly wrong: number }): string {
  const { kind, tried, won, successors, right, rounds, wrong, answers } = contest
  const what =
    successors === undefined
      ? `${won} of ${tried} won`
      : `${successors} ${successors === 1 ? 'successor' : 'successors'} of ${tried} uses, ${won} answered with tokens`
  const often = rounds === 1 ? '' : right ? `, ${rounds} rounds` : `, in ${wrong} of ${rounds} rounds`
  const said = Object.entries(answers)
    .map(([answer, count]) => `${count} × ${answer}`)
    .join(', ')
  return `${right ? 'ok   ' : 'RACE '} ${kind.padEnd(20)}  ${what}${often}  (${said})`
}

const usage = (name: string, expected: string): CommandFailure =>
  new CommandFailure({ failed: 'usage', code: 'usage', message: `--${name} does not fit.`, expected })

const nothingToRaceFor = (): CommandFailure =>
  new CommandFailure({
    failed: 'usage',
    code: 'nothing_to_race_for',
    message: 'There is no one-time credential to race for.',
    expected: '--code, --refresh-token, or a client with a secret or --jwk',
    hint: 'On a running demo nothing need be given.',
  })
