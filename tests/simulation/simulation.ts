import { dpopNonces, parseOpaqueToken, type RingKey } from '@sallyport/credentials'
import type { Account } from '../../packages/authority/src/account.ts'
import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import type { AccessTokenRecord } from '../../packages/authority/src/issued-access-token.ts'
import type { Session } from '../../packages/authority/src/session.ts'
import { beginSession } from '../../packages/authority/src/sessions.ts'
import type { TokenAnswer } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import type { TokenRequest } from '../../packages/authority/src/token-request.ts'
import { signNow } from '../../packages/credentials/src/sign.ts'
import { Application } from './application.ts'
import { AuthorityProcess, type Outcome, type ProcessParts } from './authority-process.ts'
import { apis, type ClientKind, issuer, type RegisteredClient, register, seededKey } from './client-kinds.ts'
import { askAbout } from './endings.ts'
import { type HeldAccess, Ledger } from './ledger.ts'
import { Network, type NetworkHazards } from './network.ts'
import { ProtectedApi } from './protected-api.ts'
import { Schedule } from './schedule.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedDatabase } from './simulated-database.ts'
import { Tasks } from './tasks.ts'

/** What is deliberately wrong, to show that the run finds it. */
export interface Breakage {
  readonly alterStore?: ProcessParts['alterStore']
  readonly alterContext?: (context: ProcessParts['world']) => ProcessParts['world']
}

export interface SimulationOptions {
  readonly seed: number
  readonly network: NetworkHazards
  readonly store: ProcessParts['hazards']
  readonly processes: number
  readonly breakage?: Breakage
}

const accounts = ['user_ann', 'user_bea', 'user_cid']

/**
 * One simulated deployment: processes of the authority on one database, an API, clients, and whoever is set upon them.
 * Everything in it follows from the seed.
 */
export class Simulation {
  readonly random: SeededRandom
  readonly schedule: Schedule
  readonly tasks = new Tasks()
  readonly ledger: Ledger
  readonly network: Network
  readonly processes: readonly AuthorityProcess[]
  readonly api: ProtectedApi
  readonly apiClient: RegisteredClient
  readonly applications: Application[] = []
  readonly sessions = new Map<string, Session>()
  readonly #held = new Map<string, HeldAccess>()

  constructor(options: SimulationOptions) {
    this.random = new SeededRandom(options.seed)
    this.schedule = new Schedule(this.random)
    this.ledger = new Ledger(this.schedule, error => this.tasks.fail(error))
    const database = new SimulatedDatabase(
      () => this.schedule.nowSeconds,
      (before, after) => this.ledger.changed(before, after),
      record => this.ledger.recorded(record),
    )
    this.ledger.watch(database)
    const world = contextOf(this.random, this.schedule)
    this.processes = Array.from(
      { length: options.processes },
      (_, n) =>
        new AuthorityProcess({
          name: `authority ${n + 1}`,
          schedule: this.schedule,
          random: this.random,
          tasks: this.tasks,
          database,
          hazards: options.store,
          skewMs: this.random.below(800),
          reads: this.random.chance(0.5) ? 'carried' : 'at once',
          world: options.breakage?.alterContext?.(world) ?? world,
          ...(options.breakage?.alterStore === undefined ? {} : { alterStore: options.breakage.alterStore }),
        }),
    )
    this.network = new Network(this.schedule, this.random, this.processes, options.network)
    this.api = new ProtectedApi(this.schedule, this.random, this.ledger)
    this.apiClient = this.registerClient('rotating', 'api')
    for (const api of apis) database.commit([{ put: { kind: 'resource', key: api.resource, value: api } }])
    for (const id of accounts) this.#putAccount(id)
    this.api.follow()
  }

  registerClient(kind: ClientKind, name: string): RegisteredClient {
    const registered = register(kind, name, this.random, this.schedule)
    this.ledger.database.commit([{ put: { kind: 'client', key: name, value: registered.client } }])
    return registered
  }

  addApplication(kind: ClientKind, habits: Application['habits']): Application {
    const nth = this.applications.length
    const name = `${kind} ${nth}`
    const registered = this.registerClient(kind, name.replace(' ', '-'))
    const account = accounts[nth % accounts.length] ?? ''
    const application = new Application(this, { name, account, registered }, habits)
    this.applications.push(application)
    return application
  }

  /** Runs until so many steps are done or so much simulated time is over. @throws Violation, or what a broken run throws */
  async run(limit: { readonly steps: number; readonly simulatedMs?: number }): Promise<void> {
    const { simulatedMs = Number.POSITIVE_INFINITY } = limit
    while (this.schedule.steps < limit.steps && this.schedule.elapsedMs < simulatedMs && this.schedule.step()) {
      await this.tasks.quiet()
      this.ledger.stepDone()
    }
    await this.tasks.quiet()
  }

  /** The person's session at the authority: the one they have, or a new sign-in. */
  async sessionOf(account: string, context: AuthorityContext): Promise<Session> {
    const known = this.sessions.get(account)
    if (known !== undefined) return known
    const stored = await context.store.peek<Account>('account', account)
    if (stored === undefined) throw new Error(`there is no account ${account}`)
    const authentication = { account: stored.value, acr: 'urn:sallyport:acr:password' as const, amr: ['pwd'] }
    const begun = await beginSession(authentication, 'simulated', undefined, context)
    if (begun === undefined) throw new Error(`${account} may not sign in`)
    this.sessions.set(account, begun.session)
    return begun.session
  }

  /** What the authority gave is held against it from now on, whether or not it arrives. */
  gave(outcome: Outcome<TokenAnswer | TokenError>, request: TokenRequest, beganMs = this.schedule.nowMs): void {
    if (!('answer' in outcome) || isTokenError(outcome.answer)) return
    const { body } = outcome.answer
    for (const proof of request.proofs) this.ledger.usedOnce('proof', proof)
    const assertion = request.parameters.get('client_assertion')
    if (assertion !== undefined) this.ledger.usedOnce('assertion', assertion)
    const claims = this.#claimsOf(body.access_token)
    if (claims === undefined) {
      this.ledger.violated('nothing acknowledged is lost', 'an opaque token was given and is not stored')
      return
    }
    const { family = '', jti, iat, exp, client_id } = claims
    const record = this.ledger.family(family)
    const { session, grant, subject = '' } = record ?? {}
    this.#held.set(body.access_token, {
      token: body.access_token,
      family,
      jti,
      clientId: client_id,
      iat,
      expiresAtMs: exp * 1000,
      issuedAtMs: beganMs,
    })
    this.ledger.gave(body, { family, session, grant, subject, clientId: client_id }, jti)
  }

  /** An application shows its access token to the API, which judges by the feed or asks. */
  use(access: HeldAccess, from: string): void {
    if (access.token.startsWith('sp_')) askAbout(this, access, from)
    else this.api.use(access)
  }

  held(body: { readonly access_token: string }): HeldAccess | undefined {
    return this.#held.get(body.access_token)
  }

  #claimsOf(token: string) {
    const selector = parseOpaqueToken(token, 'at')?.selector
    if (selector !== undefined) return this.ledger.database.peek<AccessTokenRecord>('access', selector)?.value.claims
    const payload = token.split('.')[1] ?? ''
    const claims: AccessTokenRecord['claims'] = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return claims
  }

  #putAccount(id: string): void {
    const value: Account = {
      id,
      username: id.slice(5),
      roles: [],
      disabled: false,
      created_at: this.schedule.nowSeconds,
    }
    this.ledger.database.commit([{ put: { kind: 'account', key: id, value, index: { username: value.username } } }])
  }
}

const never = () => Promise.reject(new Error('the simulation has no such thing'))

function contextOf(random: SeededRandom, schedule: Schedule): ProcessParts['world'] {
  const signing = seededKey(random)
  const farSeconds = schedule.nowSeconds + 10 * 365 * 86_400
  const ringKey: RingKey = {
    key: signing,
    announcedAt: schedule.nowSeconds,
    signsAt: schedule.nowSeconds,
    retiresAt: farSeconds,
    removesAt: farSeconds,
  }
  const ring = { keys: [ringKey] }
  return {
    tenant: 'main',
    issuer,
    settings: {
      accessTokenTtlSeconds: 300,
      codeTtlSeconds: 60,
      idTokenTtlSeconds: 300,
      refreshTokenTtlSeconds: 30 * 86_400,
      refreshReuseSeconds: 30,
      sessionTtlSeconds: 43_200,
      phantomTokenTtlSeconds: 60,
      leewaySeconds: 5,
      interactionsPerMinute: 1_000_000,
      refusedTokenRequestsPerMinute: 1_000_000,
    },
    keys: { ring: () => ring, signing: async () => signing, rotate: never, withdraw: never, tick: never },
    dpopNonces: dpopNonces(random.bytes(32)),
    sign: signNow,
    random: length => random.bytes(length),
    passwords: { hash: never, verify: never },
    log: {
      info: () => undefined,
      warn: (event, fields) => schedule.note(`  ${event} ${fields?.reason ?? ''}`),
      error: (event, fields) => schedule.note(`  ${event} ${fields?.reason ?? ''}`),
    },
  }
}
