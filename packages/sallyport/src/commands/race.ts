import { readFileSync } from 'node:fs'
import { importPrivateJwk, isRefusal } from '@sallyport/credentials'
import { installationOf } from '../client/installation.ts'
import { askForCode } from '../client/sign-in.ts'
import type { ClientProof } from '../client/token-endpoint.ts'
import { CommandFailure, flag, flagList, type Invocation, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { type DemoFile, readDemoFile } from '../demo/demo-file.ts'
import type { Contender, Parameters } from '../race/contender.ts'
import { type Contest, isContest, isLeftOut, type LeftOut, type Raced } from '../race/contest.ts'
import { raceForAssertion, raceForCode, raceForProof, raceForRefresh, refreshTokenOf } from '../race/contests.ts'
import { askForDeviceCode, type DeviceAuthorization, raceForDeviceCode } from '../race/device-code.ts'
import { raceForRequestUri } from '../race/request-uri.ts'
import { findTarget } from '../race/target.ts'

/**
 * Races for each kind of one-time credential that can be had with what was given, and says how many won, and which kinds the
 * server cannot be raced for.
 */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const target = flag(invocation, 'target')
  const parallel = numberOf(invocation, 'parallel', { least: 2, most: 500, otherwise: 50 })
  const rounds = numberOf(invocation, 'rounds', { least: 1, most: 1000, otherwise: 5 })
  const raced =
    target === undefined
      ? await raceHere(invocation, terminal, { parallel, rounds })
      : await raceThere(invocation, terminal, { parallel, rounds, target })
  const contests = raced.filter(isContest)
  const leftOut = [...new Map(raced.filter(isLeftOut).map(each => [each.kind, each])).values()]
  if (contests.length === 0) throw nothingToRaceFor(leftOut)
  const wrong = contests.filter(({ right }) => !right)
  return {
    text: [...byKind(contests).map(shown), ...leftOut.map(absent)].join('\n'),
    data: { right: wrong.length === 0, contests, leftOut },
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
  const asked = { scope: 'read:orders', resource }
  const codeOf = () => askForCode({ issuer, clientId: 'terminal', ...user, ...asked })
  const machine: Contender = { target, parallel, proof: machineOf(demo) }
  const grant = { grant_type: 'client_credentials', resource }
  const raced: Raced[] = []
  for (let round = 0; round < rounds; round += 1) {
    raced.push(await raceForCode(person, (await codeOf()).parameters))
    const refresh = await refreshTokenOf(person, (await codeOf()).parameters)
    if (refresh !== undefined) raced.push(await raceForRefresh(person, refresh, { resource }))
    raced.push(await raceForAssertion(machine, grant), await raceForProof(machine, grant))
    raced.push(await raceForRequestUri(person, { redirectUri: 'http://127.0.0.1:43210/callback', ...asked }))
  }
  return raced
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
  const asked = {
    scope: scopes.length === 0 ? undefined : scopes.join(' '),
    resource: flag(invocation, 'resource'),
  }
  const raced: Raced[] = []
  const code = flag(invocation, 'code')
  if (code !== undefined) {
    const redemption = {
      grant_type: 'authorization_code',
      code,
      code_verifier: flag(invocation, 'verifier'),
      redirect_uri: flag(invocation, 'redirect'),
      resource: asked.resource,
    }
    raced.push(await raceForCode(contender, redemption))
  }
  const refresh = flag(invocation, 'refresh-token')
  if (refresh !== undefined) raced.push(await raceForRefresh(contender, refresh, asked))
  const device = await deviceCodeOf(invocation, terminal, contender, asked)
  if (typeof device === 'object') raced.push(device)
  if (typeof device === 'string') raced.push(await raceForDeviceCode(contender, device))
  const redirectUri = flag(invocation, 'redirect')
  const cookies = terminal.environment.SALLYPORT_SESSION_COOKIE || undefined
  for (let round = 0; round < rounds && code === undefined && redirectUri !== undefined; round += 1)
    raced.push(await raceForRequestUri(contender, { redirectUri, ...asked, ...(cookies && { cookies }) }))
  if (proof.kind === 'none' || raced.length > 0) return raced
  const grant = { grant_type: 'client_credentials', ...asked }
  for (let round = 0; round < rounds; round += 1) {
    if (proof.kind === 'key') raced.push(await raceForAssertion(contender, grant))
    raced.push(await raceForProof(contender, grant))
  }
  return raced
}

/** The device code that was given, or one that the server gives for `--device` and a user approves now. */
async function deviceCodeOf(
  invocation: Invocation,
  terminal: Terminal,
  contender: Contender,
  asked: Parameters,
): Promise<string | LeftOut | undefined> {
  if (!invocation.flags.has('device')) return flag(invocation, 'device-code')
  const authorization = await askForDeviceCode(contender, asked)
  if (isLeftOut(authorization)) return authorization
  await untilApproved(authorization, terminal)
  return authorization.deviceCode
}

/** Whoever is at the terminal says so: asking the token endpoint instead would use the device code up. */
async function untilApproved({ userCode, verificationUri }: DeviceAuthorization, terminal: Terminal): Promise<void> {
  if (!terminal.interactive)
    throw usage('device', 'a terminal, to say that it is approved; or an approved --device-code')
  terminal.note(`Approve the code ${userCode} at ${verificationUri}\n`)
  if (await terminal.confirm('Is it approved?')) return
  throw new CommandFailure({ failed: 'failed', code: 'not_confirmed', message: 'Nothing was raced for.' })
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
  const { kind, tried, won, successors, right, undecided, rounds, wrong, answers } = contest
  const what =
    successors === undefined
      ? `${won} of ${tried} won`
      : `${successors} ${successors === 1 ? 'successor' : 'successors'} of ${tried} uses, ${won} answered with tokens`
  const often = rounds === 1 ? '' : right ? `, ${rounds} rounds` : `, in ${wrong} of ${rounds} rounds`
  const said = Object.entries(answers)
    .map(([answer, count]) => `${count} × ${answer}`)
    .join(', ')
  const mark = right ? (undecided === undefined ? 'ok' : '?') : 'RACE'
  return `${column(mark, kind)}${what}${often}  (${said})${right && undecided !== undefined ? `: ${undecided}` : ''}`
}

const absent = ({ kind, why }: LeftOut): string => `${column('-', kind)}left out: ${why}`

const column = (mark: string, kind: string): string => `${mark.padEnd(5)} ${kind.padEnd(20)}  `

const usage = (name: string, expected: string): CommandFailure =>
  new CommandFailure({ failed: 'usage', code: 'usage', message: `--${name} does not fit.`, expected })

const nothingToRaceFor = (leftOut: readonly LeftOut[] = []): CommandFailure =>
  new CommandFailure({
    failed: leftOut.length === 0 ? 'usage' : 'refused',
    code: 'nothing_to_race_for',
    message: ['There is no one-time credential to race for.', ...leftOut.map(absent)].join('\n'),
    expected:
      '--code, --refresh-token, --device-code, --device, --redirect for a request_uri, or a client with a secret or --jwk',
    hint: 'On a running demo nothing need be given.',
  })
