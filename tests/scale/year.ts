import { generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { createListener } from '@sallyport/server'
import type { FastifyInstance } from 'fastify'
import { disconnectClient } from '../../packages/authority/src/account-grants.ts'
import { createAccount, removeAccount } from '../../packages/authority/src/accounts.ts'
import { registerFrontChannel } from '../../packages/authority/src/http/front-channel.ts'
import { renewRecoveryCodes, signInWithRecoveryCode } from '../../packages/authority/src/recovery-codes.ts'
import { revoke } from '../../packages/authority/src/revocation.ts'
import { endSession, listSessions } from '../../packages/authority/src/sessions.ts'
import { createSetUpLink } from '../../packages/authority/src/set-up-link.ts'
import {
  type AuthorityHarness,
  harnessIssuer,
  openHarness,
} from '../../packages/authority/src/testing/authority-harness.ts'
import { parameters, verifier } from '../../packages/authority/src/testing/front-harness.ts'
import { TestBrowser } from '../../packages/authority/src/testing/test-browser.ts'
import { ask, given, refusal } from '../../packages/authority/src/testing/token-flow.ts'
import { proof, requestOf } from '../../packages/authority/src/testing/token-requests.ts'
import { sweptBy } from './loaded.ts'
import { countRows, openStore, type Place, type RowCounts } from './loaded-store.ts'

const days = 365
const daySeconds = 86_400
/** What an adapter keeps of what has expired (docs/architecture.md): machines' clocks differ. */
const graceSeconds = 70
const sweepSeconds = 30
const password = 'a long walk by the river'

/** Somebody with a browser and, after a sign-in, a token family. */
interface Person {
  readonly username: string
  readonly account: string
  readonly key: SigningKey
  browser: TestBrowser
  refresh: string | undefined
}

/** What a kind of row did in the second half of the year: the most of it at once in its first and in its second quarter. */
export interface KindOfRow {
  readonly kind: string
  readonly thirdQuarter: number
  readonly fourthQuarter: number
  readonly grows: boolean
}

export interface Year {
  readonly people: number
  readonly signIns: number
  readonly refreshes: number
  readonly endings: number
  readonly kinds: readonly KindOfRow[]
}

/**
 * A year of an authority on its own clock, day by day: people sign in on the real pages, by new browsers and known ones,
 * refresh, mistype, walk away, sign out, disconnect applications, lose tokens to thieves; accounts come and go; programs
 * authenticate by assertions; keys rotate. Rows are counted at the end of each day, swept.
 */
export async function simulateYear(postgres: Place['postgres'], people: number): Promise<Year> {
  let place: Place | undefined
  const harness = await openHarness({
    open: (folder, nowSeconds) => {
      place = { folder, ...(postgres === undefined ? {} : { postgres }) }
      return openStore(place, nowSeconds)
    },
  })
  const { app } = createListener({ name: 'authority', origin: harnessIssuer, port: 0 })
  registerFrontChannel(app, harness.context)
  await app.ready()
  try {
    const town = new Town(harness, app)
    for (let n = 0; n < people; n += 1) await town.moveIn(`person${n}`)
    const counted: RowCounts[] = []
    for (let day = 0; day < days; day += 1) {
      await town.live(day)
      if (place !== undefined) counted.push(await atNight(harness, place))
    }
    const { signIns, refreshes, endings } = town
    return { people, signIns, refreshes, endings, kinds: kindsOf(counted) }
  } finally {
    await app.close()
    await harness.close()
  }
}

/** The end of a day: the sweep has run. */
async function atNight(harness: AuthorityHarness, place: Place): Promise<RowCounts> {
  const { clock, context } = harness
  clock.seconds = Math.ceil(clock.seconds / daySeconds) * daySeconds
  await context.keys.tick()
  // A write starts the sweep when it is due.
  await ask(harness, harness.clients.reporter, { grant_type: 'client_credentials' })
  const left = await sweptBy(place, clock.seconds - graceSeconds, sweepSeconds)
  if (left > 0) throw new Error(`${left} expired rows are left after ${sweepSeconds} s`)
  return countRows(place)
}

/** Exported for the test that it can tell. */
export function kindsOf(counted: readonly RowCounts[]): readonly KindOfRow[] {
  const kinds = new Set(counted.flatMap(counts => Object.keys(counts)))
  const quarter = counted.length / 4
  const most = (kind: string, from: number) =>
    Math.max(...counted.slice(from, from + quarter).map(counts => counts[kind] ?? 0))
  return [...kinds].toSorted().map(kind => {
    const [thirdQuarter, fourthQuarter] = [most(kind, 2 * quarter), most(kind, 3 * quarter)]
    // Days differ; whatever grows all year has a third more at its end than after three quarters.
    return { kind, thirdQuarter, fourthQuarter, grows: fourthQuarter > thirdQuarter * 1.1 + 2 }
  })
}

class Town {
  readonly #harness: AuthorityHarness
  readonly #app: FastifyInstance
  readonly #people: Person[] = []
  signIns = 0
  refreshes = 0
  endings = 0

  constructor(harness: AuthorityHarness, app: FastifyInstance) {
    this.#harness = harness
    this.#app = app
  }

  async moveIn(username: string): Promise<void> {
    const { context } = this.#harness
    const account = await createAccount(context, { username, password })
    if ('refused' in account) throw new Error(account.refused)
    await createSetUpLink(context, account.id)
    const browser = new TestBrowser(this.#app, harnessIssuer)
    this.#people.push({ username, account: account.id, key: generateSigningKey('ES256'), browser, refresh: undefined })
  }

  async live(day: number): Promise<void> {
    const { clock } = this.#harness
    for (const [n, person] of this.#people.entries()) {
      clock.advance(Math.floor(daySeconds / (2 * this.#people.length)))
      const turn = day + n
      if (turn % 30 === 0) person.browser = new TestBrowser(this.#app, harnessIssuer)
      if (person.refresh === undefined || turn % 6 === 0) await this.#signIn(person, turn % 9 === 0)
      await this.#refresh(person, turn % 11 === 0)
      if (turn % 5 === 0) await this.#giveBack(person)
      if (turn % 13 === 0) await this.#signOut(person)
      if (turn % 17 === 0) await this.#disconnect(person)
      if (turn % 19 === 0) await this.#recover(person)
      if (turn % 4 === 0) await this.#walkAway(person)
    }
    if (day % 7 === 0) await this.#moveOut(day)
  }

  /** Through the pages; sometimes with a wrong password first. */
  async #signIn(person: Person, mistypes: boolean): Promise<void> {
    const { clients } = this.#harness
    const { browser, username, key } = person
    const changes = { scope: 'openid read:orders', resource: clients.spa.resources[0] }
    let page = await browser.open(`/authorize?${new URLSearchParams(parameters(clients.spa, changes))}`)
    if (page.body.includes('name="password"')) {
      if (mistypes) page = await browser.submit(page, '/sign-in', { username, password: 'a short swim' })
      page = await browser.submit(page, '/sign-in', { username, password })
    }
    if (page.status === 200) page = await browser.submit(page, '/consent', { answer: 'allow' })
    const code = new URL(page.location ?? harnessIssuer).searchParams.get('code')
    if (code === null) throw new Error(`no code for ${username}: ${page.status} ${page.location}`)
    const redeemed = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: clients.spa.redirect_uris[0],
    }
    const answer = await ask(this.#harness, clients.spa, redeemed, { proofs: [proof(this.#harness, key)] })
    person.refresh = given(answer).refresh_token
    this.signIns += 1
  }

  /** Rotates; a thief shows the old token later, which ends the family. */
  async #refresh(person: Person, stolen: boolean): Promise<void> {
    const { clock, clients } = this.#harness
    const asked = { grant_type: 'refresh_token', refresh_token: person.refresh }
    const shown = () => ask(this.#harness, clients.spa, asked, { proofs: [proof(this.#harness, person.key)] })
    person.refresh = given(await shown()).refresh_token
    this.refreshes += 1
    if (!stolen) return
    clock.advance(60)
    const theft = await ask(this.#harness, clients.spa, asked)
    if (refusal(theft) !== 'invalid_grant refresh_replayed') throw new Error(`the thief got ${refusal(theft)}`)
    person.refresh = undefined
    this.endings += 1
  }

  async #giveBack(person: Person): Promise<void> {
    if (person.refresh === undefined) return
    const { clients, context } = this.#harness
    await revoke(await requestOf(this.#harness, clients.spa, { token: person.refresh }), context)
    person.refresh = undefined
    this.endings += 1
  }

  async #signOut(person: Person): Promise<void> {
    const { context } = this.#harness
    for (const session of await listSessions(person.account, context))
      await endSession(session, person.account, 'signed_out', context)
    person.refresh = undefined
    this.endings += 1
  }

  async #disconnect(person: Person): Promise<void> {
    const { clients, context } = this.#harness
    await disconnectClient(person.account, clients.spa.client_id, context)
    person.refresh = undefined
    this.endings += 1
  }

  async #recover(person: Person): Promise<void> {
    const { context } = this.#harness
    const [code = ''] = await renewRecoveryCodes(person.account, context)
    const browser = 'another browser'
    await signInWithRecoveryCode({ username: person.username, code, address: '192.0.2.1', browser }, context)
  }

  /** Opens the sign-in page and goes. */
  async #walkAway(person: Person): Promise<void> {
    const { clients } = this.#harness
    const browser = new TestBrowser(this.#app, harnessIssuer)
    await browser.open(`/authorize?${new URLSearchParams(parameters(clients.webApp, { state: person.username }))}`)
  }

  /** The one who is here longest goes, and somebody new comes. */
  async #moveOut(day: number): Promise<void> {
    const [oldest] = this.#people.splice(0, 1)
    if (oldest !== undefined) await removeAccount(this.#harness.context, oldest.account, 'scale')
    await this.moveIn(`newcomer${day}`)
  }
}
