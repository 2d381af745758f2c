import { disconnectClient } from '../../packages/authority/src/account-grants.ts'
import type { Client } from '../../packages/authority/src/client.ts'
import { type IntrospectionAnswer, introspect } from '../../packages/authority/src/introspection.ts'
import { revoke } from '../../packages/authority/src/revocation.ts'
import { revokeClient } from '../../packages/authority/src/revoke.ts'
import { endSession } from '../../packages/authority/src/sessions.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import type { Application } from './application.ts'
import { type RegisteredClient, requestBy } from './client-kinds.ts'
import type { HeldAccess } from './ledger.ts'
import type { Simulation } from './simulation.ts'

const timeoutMs = 5000

/** The person signs out, and tries again until they see that it worked. */
export function signOut(simulation: Simulation, account: string): void {
  const { network, ledger, sessions } = simulation
  const session = sessions.get(account)
  if (session === undefined) return
  sessions.delete(account)
  const attempt = (): void => {
    network.send<true>({
      label: `${account} signs out`,
      mayRepeat: true,
      timeoutMs,
      handle: async context => {
        await endSession(session, account, 'signed_out', context)
        return true
      },
      judge: () => outcome => {
        if ('answer' in outcome) ledger.endedBy('session', session.sid, `${account} signed out`)
      },
      answered: answer => {
        if (answer === 'none') simulation.schedule.after(500, `${account} signs out again`, attempt)
        else ledger.count('sign-outs')
      },
    })
  }
  attempt()
}

/** The person takes back what they allowed an application. */
export function disconnect(simulation: Simulation, { account, registered }: Application): void {
  const { network, ledger } = simulation
  const clientId = registered.client.client_id
  network.send<true>({
    label: `${account} disconnects ${clientId}`,
    mayRepeat: true,
    timeoutMs,
    handle: async context => {
      await disconnectClient(account, clientId, context)
      return true
    },
    judge: () => outcome => {
      if (!('answer' in outcome)) return
      for (const { id, subject, client_id, revoked_at } of ledger.grants())
        if (subject === account && client_id === clientId && revoked_at !== undefined)
          ledger.endedBy('grant', id, `${account} disconnected ${clientId}`)
    },
    answered: () => undefined,
  })
}

/** The application revokes its own refresh or access token (RFC 7009), and tries again until it is told that it is done. */
export function revokeOwn(simulation: Simulation, { registered, storage, name }: Application): void {
  const { network, ledger, random, schedule } = simulation
  const { refresh, access } = storage
  const token = random.chance(0.5) ? refresh : access?.token
  if (token === undefined || access === undefined) return
  const family = refresh === undefined ? undefined : ledger.refreshRecord(refresh)?.value.family
  const attempt = (): void => {
    const request = requestBy(registered, { token }, { random, schedule })
    network.send<'revoked' | TokenError>({
      label: `${name} revokes`,
      mayRepeat: true,
      timeoutMs,
      handle: context => revoke(request, context),
      judge: () => outcome => {
        if (!('answer' in outcome) || outcome.answer !== 'revoked') return
        ledger.count('revocations')
        if (token === refresh && family !== undefined) ledger.ended([family], `${name} revoked its refresh token`)
        if (token === access.token) ledger.endedToken(access.jti)
      },
      answered: answer => {
        if (answer === 'none') schedule.after(500, `${name} revokes again`, attempt)
      },
    })
  }
  attempt()
}

/** An operator switches a client off with all it holds, and later on again. */
export function switchOff(simulation: Simulation, registered: RegisteredClient): void {
  const { network, ledger, schedule, random } = simulation
  const { client } = registered
  const put = (value: Client) => ({ put: { kind: 'client', key: client.client_id, value } })
  network.send<true>({
    label: `${client.client_id} is switched off`,
    mayRepeat: false,
    timeoutMs,
    handle: async context => {
      await context.store.commit([put({ ...client, disabled: true })])
      await revokeClient(context, client.client_id, { actor: 'operator', reason: 'client_withdrawn' })
      return true
    },
    judge: () => outcome => {
      if (!('answer' in outcome)) return
      ledger.endedBy('clientId', client.client_id, `${client.client_id} was switched off`)
      ledger.revokedAgain(`client ${client.client_id}`)
      ledger.count('clients switched off')
    },
    answered: () => undefined,
  })
  schedule.after(random.between(20_000, 60_000), `${client.client_id} is switched on`, () => {
    ledger.clientBack(client.client_id)
    ledger.database.commit([put(client)])
  })
}

/** The API asks the authority whether a token is alive. */
export function askAbout(simulation: Simulation, access: HeldAccess, from: string): void {
  const { network, ledger, random, schedule, apiClient } = simulation
  const request = requestBy(apiClient, { token: access.token }, { random, schedule })
  network.send<IntrospectionAnswer | TokenError>({
    label: `the API asks about a token of ${from}`,
    mayRepeat: false,
    timeoutMs,
    handle: context => introspect(request, false, context),
    judge: () => {
      const ended = [`family ${access.family}`, `token ${access.jti}`].find(
        name => ledger.revokedAtMs(name) !== undefined,
      )
      return outcome => {
        if (!('answer' in outcome) || isTokenError(outcome.answer)) return
        const { active } = outcome.answer.body
        ledger.count(active ? 'tokens found active' : 'tokens found inactive')
        if (active)
          ledger.must(
            ended === undefined,
            'nothing revoked is accepted after its bound',
            `${ended} is ended, yet active`,
          )
        else ledger.mustBeOver(access)
      }
    },
    answered: () => undefined,
  })
}
