import { hash } from 'node:crypto'
import type { Account } from './account.ts'
import { findAccount } from './accounts.ts'
import type { BrowserBinding } from './browser-binding.ts'
import type { AuthorityContext } from './context.ts'
import { listAll } from './listed.ts'
import { type Passkey, passkeyRecord } from './passkey.ts'
import { readAssertion, readAttestation } from './rules/webauthn-response.ts'
import type { Authentication } from './sessions.ts'

/** What a challenge was made for. Stored as kind `passkey-challenge`, key its hash; works once, in one browser. */
interface Challenge {
  readonly browser: string
  readonly act: 'get' | 'create'
  /** Whose passkey is created, or the only account that may answer. */
  readonly account?: string
}

export type PasskeyRefusal = {
  readonly refused: 'passkey_refused' | 'passkey_expired' | 'passkey_other_account'
  readonly got: string
}

/** Loaded when a passkey is first asked for: it takes more memory than the rest of the authority together. */
const webauthn = () => import('@simplewebauthn/server')

const challengeTtlSeconds = 300

/** COSE algorithms: EdDSA, ES256, RS256 (RFC 9053 §2, RFC 8812 §2). */
const algorithms = [-8, -7, -257] as const

/** Options for `navigator.credentials.get`: any passkey of this site, or only those of one account (WebAuthn L3 §5.5). */
export async function passkeyRequestOptions(
  binding: BrowserBinding,
  account: string | undefined,
  context: AuthorityContext,
): Promise<object> {
  const allowed = account === undefined ? undefined : await listPasskeys(account, context)
  const { generateAuthenticationOptions } = await webauthn()
  return generateAuthenticationOptions({
    rpID: relyingParty(context).id,
    challenge: await newChallenge(
      { browser: binding.hash, act: 'get', ...(account !== undefined && { account }) },
      context,
    ),
    timeout: challengeTtlSeconds * 1000,
    userVerification: 'required',
    ...(allowed !== undefined && {
      allowCredentials: allowed.map(({ id, transports }) => ({ id, transports: [...transports] })),
    }),
  })
}

/** Options for `navigator.credentials.create`: a discoverable credential with user verification (WebAuthn L3 §5.4). */
export async function passkeyCreationOptions(
  binding: BrowserBinding,
  account: Account,
  context: AuthorityContext,
): Promise<object> {
  const known = await listPasskeys(account.id, context)
  const { generateRegistrationOptions } = await webauthn()
  return generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: relyingParty(context).id,
    userID: bytes(Buffer.from(account.id)),
    userName: account.username,
    userDisplayName: account.name ?? account.username,
    challenge: await newChallenge({ browser: binding.hash, act: 'create', account: account.id }, context),
    timeout: challengeTtlSeconds * 1000,
    attestationType: 'none',
    supportedAlgorithmIDs: [...algorithms],
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
  })
}

/**
 * Signs in with a passkey: signature, origin with its port, user verification, counter, and a challenge of this browser
 * that was not used (WebAuthn L3 §7.2).
 */
export async function signInWithPasskey(
  sent: string,
  binding: BrowserBinding,
  context: AuthorityContext,
): Promise<Authentication | PasskeyRefusal> {
  const response = readAssertion(sent)
  if (response === undefined) return refuse('an answer that is no WebAuthn assertion')
  const challenge = await findChallenge(response.challenge, 'get', binding, context)
  if (challenge === undefined)
    return { refused: 'passkey_expired', got: 'a challenge that is unknown, used or of another browser' }
  const stored = await context.store.peek<Passkey>('passkey', response.json.id)
  const passkey = stored?.value
  const account = passkey === undefined ? undefined : await findAccount(context, passkey.account)
  if (stored === undefined || passkey === undefined || account === undefined || account.disabled)
    return refuse('an unknown passkey')
  const handle = response.userHandle
  if (handle !== undefined && handle !== passkey.account) return refuse('another user handle')
  if (challenge.account !== undefined && challenge.account !== passkey.account) {
    return { refused: 'passkey_other_account', got: 'a passkey of another account' }
  }
  const { origin, id } = relyingParty(context)
  const { verifyAuthenticationResponse } = await webauthn()
  const verified = await attempt(() =>
    verifyAuthenticationResponse({
      response: response.json,
      expectedChallenge: response.challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: bytes(Buffer.from(passkey.public_key, 'base64url')),
        counter: passkey.counter,
      },
    }),
  )
  if ('refused' in verified || !verified.verified) return 'refused' in verified ? verified : refuse('a wrong signature')
  const used: Passkey = { ...passkey, counter: verified.authenticationInfo.newCounter, last_used_at: context.now() }
  const taken = await context.store.take('passkey-challenge', challengeKey(response.challenge), {
    put: [{ put: passkeyRecord(used) }],
  })
  if (!('won' in taken)) return { refused: 'passkey_expired', got: 'a challenge used before' }
  return { account, acr: 'urn:sallyport:acr:passkey', amr: ['hwk', 'user'] }
}

/**
 * Keeps a new passkey for an account (WebAuthn L3 §7.1).
 *
 * @param permit  asked last, when all else is right: uses up what allows it, such as a set-up code; `false` keeps nothing
 */
export async function registerPasskey(
  sent: string,
  account: Account,
  name: string,
  binding: BrowserBinding,
  context: AuthorityContext,
  permit: () => Promise<boolean> = async () => true,
): Promise<Passkey | PasskeyRefusal> {
  const response = readAttestation(sent)
  if (response === undefined) return refuse('an answer that is no WebAuthn attestation')
  const challenge = await findChallenge(response.challenge, 'create', binding, context)
  if (challenge?.account !== account.id)
    return { refused: 'passkey_expired', got: 'a challenge that is unknown, used or of another account' }
  const { origin, id } = relyingParty(context)
  const { verifyRegistrationResponse } = await webauthn()
  const verified = await attempt(() =>
    verifyRegistrationResponse({
      response: response.json,
      expectedChallenge: response.challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...algorithms],
    }),
  )
  if ('refused' in verified || !verified.verified)
    return 'refused' in verified ? verified : refuse('a wrong attestation')
  const { credential, credentialBackedUp } = verified.registrationInfo
  const passkey: Passkey = {
    id: credential.id,
    account: account.id,
    public_key: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: response.transports,
    name: name.trim().slice(0, 60) || 'Passkey',
    backed_up: credentialBackedUp,
    created_at: context.now(),
  }
  // The insert refuses a credential id that anyone has already (§7.1 step 26).
  const taken = await context.store.take('passkey-challenge', challengeKey(response.challenge), { put: [] })
  if (!('won' in taken)) return { refused: 'passkey_expired', got: 'a challenge used before' }
  if (!(await permit())) return { refused: 'passkey_expired', got: 'a permission used before' }
  const result = await context.store.commit([{ insert: passkeyRecord(passkey) }])
  return 'committed' in result ? passkey : refuse('a credential id that is taken')
}

/** An account's passkeys, oldest first. */
export async function listPasskeys(
  account: string,
  context: Pick<AuthorityContext, 'store'>,
): Promise<readonly Passkey[]> {
  const stored = await listAll<Passkey>('passkey', ['account', account], context)
  return stored.map(({ value }) => value).toSorted((a, b) => a.created_at - b.created_at)
}

/** Removes one of an account's passkeys. @returns whether there was one */
export async function removePasskey(
  account: string,
  id: string,
  context: Pick<AuthorityContext, 'store'>,
): Promise<boolean> {
  const stored = await context.store.peek<Passkey>('passkey', id)
  if (stored?.value.account !== account) return false
  await context.store.commit([{ remove: { kind: 'passkey', key: id } }])
  return true
}

async function newChallenge(value: Challenge, context: AuthorityContext): Promise<Uint8Array<ArrayBuffer>> {
  const challenge = bytes(context.random(32))
  const key = challengeKey(Buffer.from(challenge).toString('base64url'))
  const expiresAt = context.now() + challengeTtlSeconds
  await context.store.commit([{ insert: { kind: 'passkey-challenge', key, value, expiresAt } }])
  return challenge
}

async function findChallenge(
  challenge: string,
  act: Challenge['act'],
  binding: BrowserBinding,
  context: AuthorityContext,
): Promise<Challenge | undefined> {
  const stored = await context.store.peek<Challenge>('passkey-challenge', challengeKey(challenge))
  const live = stored !== undefined && stored.usedAt === undefined && stored.value.act === act
  return live && stored.value.browser === binding.hash ? stored.value : undefined
}

function relyingParty(context: Pick<AuthorityContext, 'issuer'>): { readonly id: string; readonly origin: string } {
  const { hostname, origin } = new URL(context.issuer)
  return { id: hostname, origin }
}

/** The library throws what it refuses; to us that is an answer. */
async function attempt<T>(verify: () => Promise<T>): Promise<T | PasskeyRefusal> {
  try {
    return await verify()
  } catch (error) {
    return refuse(error instanceof Error ? error.message.slice(0, 200) : 'an unreadable answer')
  }
}

const challengeKey = (challenge: string): string => hash('sha256', `passkey ${challenge}`, 'base64url')

const refuse = (got: string): PasskeyRefusal => ({ refused: 'passkey_refused', got })

const bytes = (view: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(view)
