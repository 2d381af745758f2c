import { s256 } from '@sallyport/credentials'
import type { Stored } from '@sallyport/store'
import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import type { Interaction } from '../../packages/authority/src/interaction.ts'
import { beginInteraction } from '../../packages/authority/src/interaction.ts'
import { issueCode } from '../../packages/authority/src/issue-code.ts'
import type { Session } from '../../packages/authority/src/session.ts'
import { type TokenAnswer, token } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import { jwtApi, opaqueApi, type RegisteredClient, requestBy, scope } from './client-kinds.ts'
import { beginCode } from './code-judgement.ts'
import type { HeldAccess } from './ledger.ts'
import { beginRefresh } from './refresh-judgement.ts'
import type { Simulation } from './simulation.ts'

export interface ApplicationHabits {
  readonly tabs: number
  /** A tab looks at its tokens about this often. */
  readonly everyMs: number
  readonly timeoutMs: number
  readonly retryMs: number
  readonly resource: string
  /** How often a tab refreshes although its access token is good. */
  readonly eagerChance: number
}

/** What all tabs of one person's application share. */
export interface TokenStorage {
  refresh: string | undefined
  access: HeldAccess | undefined
  /** A code that was used, with what it took: what a thief may have copied. */
  usedCode: Readonly<Record<string, string>> | undefined
}

type TokenOutcome = TokenAnswer | TokenError

/**
 * An honest application: tabs that share one token storage and know nothing of each other. A tab whose access token ends
 * soon refreshes with what the storage holds, retries as long as nothing came back, and reads the storage again before each
 * try. Only `invalid_grant` for the token that is in the storage logs the person out.
 */
export class Application {
  readonly name: string
  readonly account: string
  readonly registered: RegisteredClient
  readonly habits: ApplicationHabits
  readonly storage: TokenStorage = { refresh: undefined, access: undefined, usedCode: undefined }
  readonly #simulation: Simulation
  #isSigningIn = false
  #isOffline = false
  /** Called when a code is sent to be redeemed: something else may happen to the person just then. */
  onRedeem: () => void = () => undefined
  logOuts = 0
  signIns = 0

  constructor(
    simulation: Simulation,
    of: { readonly name: string; readonly account: string; readonly registered: RegisteredClient },
    habits: ApplicationHabits,
  ) {
    this.#simulation = simulation
    this.name = of.name
    this.account = of.account
    this.registered = of.registered
    this.habits = habits
  }

  open(): void {
    for (let tab = 0; tab < this.habits.tabs; tab += 1) this.#wakeLater(`${this.name} tab ${tab}`)
  }

  /** A phone in a tunnel: nothing is sent for this long. */
  goOffline(forMs: number): void {
    this.#isOffline = true
    this.#simulation.schedule.after(forMs, `${this.name} is online again`, () => {
      this.#isOffline = false
    })
  }

  #wakeLater(tab: string): void {
    const { random, schedule } = this.#simulation
    schedule.after(random.between(1, 2 * this.habits.everyMs), `${tab} wakes`, () => {
      this.#wake(tab)
      this.#wakeLater(tab)
    })
  }

  #wake(tab: string): void {
    if (this.#isOffline) return
    if (this.storage.refresh === undefined) this.#signIn()
    else if (this.#isStale() || this.#simulation.random.chance(this.habits.eagerChance)) this.#refresh(tab)
    else if (this.storage.access !== undefined) this.#simulation.use(this.storage.access, tab)
  }

  #isStale(): boolean {
    const { access } = this.storage
    return access === undefined || access.expiresAtMs - 20_000 < this.#simulation.schedule.nowMs
  }

  #refresh(tab: string): void {
    const { network, schedule, ledger, random } = this.#simulation
    const presented = this.storage.refresh
    if (presented === undefined || this.#isOffline) return
    const proofKey = this.registered.kind === 'dpop' ? { proofKey: this.registered.key } : {}
    const parameters = { grant_type: 'refresh_token', refresh_token: presented }
    const request = requestBy(this.registered, parameters, { random, schedule, ...proofKey })
    network.send<TokenOutcome>({
      label: `${tab} refreshes`,
      mayRepeat: true,
      timeoutMs: this.habits.timeoutMs,
      handle: context => token(request, context),
      judge: () => {
        const shown = { token: presented, kind: this.registered.kind, wrongKey: false }
        const judge = beginRefresh(shown, ledger, schedule)
        return outcome => {
          judge(outcome)
          this.#simulation.gave(outcome, request)
        }
      },
      answered: answer => {
        if (answer !== 'none' && !isTokenError(answer.answer)) return this.#keep(answer.answer, presented)
        const isOver = answer !== 'none' && isTokenError(answer.answer) && answer.answer.error === 'invalid_grant'
        if (!isOver) return this.#retryLater(tab)
        if (this.storage.refresh === presented) this.#loggedOut()
      },
    })
  }

  #retryLater(tab: string): void {
    this.#simulation.schedule.after(this.habits.retryMs, `${tab} tries again`, () => {
      if (this.#isStale()) this.#refresh(tab)
    })
  }

  #keep(answer: TokenAnswer, presented: string): void {
    // Another tab may have signed in anew while this answer was under way.
    if (this.storage.refresh !== presented && this.storage.refresh === undefined) return
    this.storage.refresh = answer.body.refresh_token ?? presented
    this.storage.access = this.#simulation.held(answer.body)
    this.#simulation.ledger.count('refreshes that arrived')
  }

  #loggedOut(): void {
    this.logOuts += 1
    this.storage.refresh = undefined
    this.storage.access = undefined
    this.#simulation.ledger.count('log-outs')
  }

  #signIn(): void {
    if (this.#isSigningIn) return
    this.#isSigningIn = true
    const { network } = this.#simulation
    const verifier = this.#simulation.random.text() + this.#simulation.random.text()
    network.send<{ session: Session; interaction: Stored<Interaction> | undefined }>({
      label: `${this.name} signs in`,
      mayRepeat: false,
      timeoutMs: this.habits.timeoutMs,
      handle: async context => {
        const session = await this.#simulation.sessionOf(this.account, context)
        const purpose = { kind: 'authorize' as const, request: this.#authorizationRequest(verifier) }
        const browser = { secret: '', hash: this.name, fresh: false }
        const { id } = await beginInteraction(purpose, browser, context)
        return { session, interaction: await context.store.peek<Interaction>('interaction', id) }
      },
      answered: answer => {
        if (answer === 'none' || answer.answer.interaction === undefined) this.#isSigningIn = false
        else this.#consent(answer.answer.session, answer.answer.interaction, verifier)
      },
    })
  }

  #consent(session: Session, interaction: Stored<Interaction>, verifier: string): void {
    const { network, ledger } = this.#simulation
    network.send({
      label: `${this.name} consents`,
      mayRepeat: true,
      timeoutMs: this.habits.timeoutMs,
      handle: (context: AuthorityContext) =>
        issueCode(this.#authorizationRequest(verifier), session, interaction, context),
      judge: () => outcome => {
        if (!('answer' in outcome) || !('code' in outcome.answer)) return
        ledger.usedOnce('interaction', interaction.key)
        const stored = ledger.codeRecord(outcome.answer.code)
        ledger.must(stored !== undefined, 'nothing acknowledged is lost', 'a code was given and is not stored')
      },
      answered: answer => {
        if (answer !== 'none' && 'code' in answer.answer) this.#redeem(answer.answer.code, verifier)
        else this.#isSigningIn = false
      },
    })
  }

  #redeem(code: string, verifier: string): void {
    const { network, random, schedule, ledger } = this.#simulation
    const parameters = { grant_type: 'authorization_code', code, code_verifier: verifier }
    const proofKey = this.registered.kind === 'dpop' ? { proofKey: this.registered.key } : {}
    const request = requestBy(this.registered, parameters, { random, schedule, ...proofKey })
    this.onRedeem()
    network.send<TokenOutcome>({
      label: `${this.name} redeems its code`,
      // A code has no replay: what the network sends twice ends the family (DECISIONS "Refresh").
      mayRepeat: random.chance(0.3),
      timeoutMs: this.habits.timeoutMs,
      handle: context => token(request, context),
      judge: () => {
        const judge = beginCode(code, ledger)
        return outcome => {
          judge(outcome)
          this.#simulation.gave(outcome, request)
        }
      },
      answered: answer => {
        this.#isSigningIn = false
        this.storage.usedCode = parameters
        if (answer === 'none' || isTokenError(answer.answer)) return
        this.signIns += 1
        this.storage.refresh = answer.answer.body.refresh_token
        this.storage.access = this.#simulation.held(answer.answer.body)
        this.#simulation.ledger.count('sign-ins')
      },
    })
  }

  #authorizationRequest(verifier: string) {
    const { client, kind } = this.registered
    const { resource } = this.habits
    return {
      client_id: client.client_id,
      redirect_uri: client.redirect_uris[0] ?? '',
      response_mode: 'query' as const,
      scope: kind === 'rotating' ? [...scope, 'openid'] : scope,
      resources: [resource],
      scopesByResource: { [resource]: scope, ...(kind === 'rotating' ? { '': ['openid'] } : {}) },
      code_challenge: s256(verifier),
      prompt: [],
      ...(kind === 'dpop' && { dpop_jkt: this.registered.key.kid }),
    }
  }
}

/** Half of the applications of a run use opaque tokens, half JWTs. */
export const resourceOf = (nth: number): string => (nth % 2 === 0 ? opaqueApi : jwtApi)
