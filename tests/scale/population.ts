import { hash } from 'node:crypto'
import { type MintedToken, mintOpaqueToken, mintSelector, type OpaqueKind } from '@sallyport/credentials'
import type { NewRecord } from '@sallyport/store'
import type { Account } from '../../packages/authority/src/account.ts'
import { grantRecord } from '../../packages/authority/src/account-grants.ts'
import type { Client } from '../../packages/authority/src/client.ts'
import type { AccessTokenRecord } from '../../packages/authority/src/issued-access-token.ts'
import { sealReply } from '../../packages/authority/src/refresh-reply.ts'
import type { RefreshReply, RefreshToken } from '../../packages/authority/src/refresh-token.ts'
import type { Resource } from '../../packages/authority/src/resource.ts'
import type { Session } from '../../packages/authority/src/session.ts'
import { familyRecord } from '../../packages/authority/src/token-family.ts'

/** Grants and tokens that each user has: two grants with a family each, three refresh tokens, a sealed reply, two access tokens. */
export const rowsOfUser = 10

/** Every so many users one is signed in. */
const usersASession = 10
const daySeconds = 86_400
/** Families are this old at most: none expires while it is measured. */
const oldestDays = 20
const rotatedHours = 20
const familySeconds = 30 * daySeconds
const sessionSeconds = 43_200
/** Longer than an access token lives, and than a run takes: what is asked about must not expire while the rest is loaded. */
const accessSeconds = 6 * 3600
/** More than the credentials of one user draw. They look random and are none: of use to nobody but a measurement. */
const drawnBytes = 600

/** A record as a store holds it, with the time of its use. */
export type HeldRecord = NewRecord & { readonly usedAt?: number }

/** Users of one client with all that an authority keeps of them. Everything follows from the number of the user, so nothing is kept. */
export interface Population {
  readonly users: number
  /** Every record, user by user, as time brought them. */
  records(): Iterable<HeldRecord>
  username(user: number): string
  /** The live refresh token of the first family, which replaced another. */
  refreshToken(user: number): string
  accessToken(user: number): string
}

export interface Peopled {
  readonly users: number
  readonly issuer: string
  /** Unix seconds: the end of what happened so far. */
  readonly now: number
  /** Of everybody's password, as a PHC string. */
  readonly passwordHash: string
  readonly client: Client
  readonly resource: Resource
}

/** @param peopled.users  users are numbered from 0 */
export function population(peopled: Peopled): Population {
  const { users, client, resource } = peopled
  return {
    users,
    username: usernameOf,
    refreshToken: user => lifeOf(user, peopled).live.token,
    accessToken: user => lifeOf(user, peopled).access[0].token,
    *records() {
      yield { kind: 'client', key: client.client_id, value: client }
      yield { kind: 'client', key: clientIdOf(1, peopled), value: { ...client, client_id: clientIdOf(1, peopled) } }
      yield { kind: 'resource', key: resource.resource, value: resource }
      for (let user = 0; user < users; user += 1) yield* recordsOf(user, peopled)
    },
  }
}

const usernameOf = (user: number): string => `user${String(user).padStart(9, '0')}`

/** What the records of a user share. */
type Life = ReturnType<typeof lifeOf>

function lifeOf(user: number, { users, now }: Peopled) {
  const age = (users - user) / users
  const bornMs = Math.floor((now - oldestDays * daySeconds * age) * 1000)
  /** In the last hours everybody's first family was rotated. */
  const rotatedMs = Math.floor((now - rotatedHours * 3600 * age) * 1000)
  const bytes = hash('shake256', String(user), { outputEncoding: 'buffer', outputLength: drawnBytes })
  let at = 0
  const random = (length: number) => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const mint = (kind: OpaqueKind, nowMs: number) => mintOpaqueToken(kind, { nowMs, random })
  const id = () => mintSelector({ nowMs: bornMs, random })
  const owner = id()
  return {
    born: Math.floor(bornMs / 1000),
    rotated: Math.floor(rotatedMs / 1000),
    account: `user_${owner}`,
    grants: [`grant_${owner}0`, `grant_${owner}1`],
    families: [`fam_${owner}0`, `fam_${owner}1`],
    session: mint('ss', bornMs),
    first: mint('rt', bornMs),
    live: mint('rt', rotatedMs),
    second: mint('rt', bornMs),
    access: [mint('at', bornMs), mint('at', bornMs)] as const,
    random,
  }
}

function recordsOf(user: number, peopled: Peopled): readonly HeldRecord[] {
  const life = lifeOf(user, peopled)
  return [
    { kind: 'username', key: usernameOf(user), value: { account: life.account } },
    accountOf(user, life, peopled),
    ...(user % usersASession === 0 ? [sessionOf(life, peopled)] : []),
    ...[0, 1].flatMap(nth => [grantOf(nth, life, peopled), familyOf(nth, life, peopled), accessOf(nth, life, peopled)]),
    ...refreshTokensOf(life),
  ]
}

function accountOf(user: number, { born, account }: Life, { passwordHash }: Peopled): HeldRecord {
  const username = usernameOf(user)
  const value: Account = {
    id: account,
    username,
    name: `User ${user}`,
    email: `${username}@shop.example`,
    email_verified: true,
    roles: ['customer'],
    password: passwordHash,
    disabled: false,
    created_at: born,
  }
  return { kind: 'account', key: value.id, value, index: { username } }
}

const clientIdOf = (nth: number, { client }: Peopled): string =>
  nth === 0 ? client.client_id : `${client.client_id}-other`

function grantOf(nth: number, { grants, account, born }: Life, peopled: Peopled): HeldRecord {
  return grantRecord({
    id: grants[nth] ?? '',
    subject: account,
    client_id: clientIdOf(nth, peopled),
    scopes: { '': ['openid'], [peopled.resource.resource]: ['read:orders'] },
    created_at: born,
    // Noted already: the first use in an hour writes the grant, and only a store with many users would be asked for firsts.
    last_used_at: peopled.now + accessSeconds,
  })
}

function familyOf(nth: number, { families, grants, account, born, session }: Life, peopled: Peopled): HeldRecord {
  return familyRecord({
    id: families[nth] ?? '',
    subject: account,
    client_id: clientIdOf(nth, peopled),
    grant: grants[nth] ?? '',
    session: session.selector,
    scope: ['openid', 'read:orders'],
    resources: [peopled.resource.resource],
    ...signedIn(born),
    created_at: born,
    expires_at: born + familySeconds,
  })
}

/** The first family's token that was used, with the reply that repeats its successor, and that; and the second family's. */
function refreshTokensOf({ families, first, live, second, born, rotated, random }: Life): readonly HeldRecord[] {
  const [family = '', other = ''] = families
  const record = ({ selector, secretHash }: MintedToken, value: Omit<RefreshToken, 'secret_hash'>): HeldRecord => ({
    kind: 'refresh',
    key: selector,
    value: { secret_hash: secretHash, ...value },
    expiresAt: born + familySeconds,
  })
  const reply: RefreshReply = { sealed: sealReply(first.token, live.token, random) }
  return [
    { ...record(first, { family, generation: 0, issued_at: born }), usedAt: rotated },
    record(live, { family, generation: 1, issued_at: rotated, previous: [first.selector] }),
    record(second, { family: other, generation: 0, issued_at: born }),
    {
      kind: 'refresh-reply',
      key: first.selector,
      value: reply,
      expiresAt: rotated + daySeconds,
    },
  ]
}

function accessOf(nth: number, { access, families, account, born }: Life, peopled: Peopled): HeldRecord {
  const { selector, secretHash } = access[nth] ?? access[0]
  const { issuer, now, client, resource } = peopled
  const value: AccessTokenRecord = {
    secret_hash: secretHash,
    claims: {
      iss: issuer,
      sub: account,
      aud: resource.resource,
      client_id: client.client_id,
      jti: selector,
      iat: now,
      exp: now + accessSeconds,
      scope: 'read:orders',
      family: families[nth] ?? '',
      ...signedIn(born),
    },
  }
  return { kind: 'access', key: selector, value, expiresAt: value.claims.exp }
}

function sessionOf({ session: { selector, secretHash }, account }: Life, { now, client }: Peopled): HeldRecord {
  const value: Session = {
    id: selector,
    sid: selector,
    secret_hash: secretHash,
    account,
    created_at: now,
    ...signedIn(now),
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    clients: [client.client_id],
  }
  return { kind: 'session', key: selector, value, expiresAt: now + sessionSeconds, index: { account } }
}

const signedIn = (auth_time: number) => ({
  auth_time,
  acr: 'urn:sallyport:acr:password' as const,
  amr: ['pwd'],
})
