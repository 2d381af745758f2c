import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { importPrivateJwk, isRefusal, type SigningKey } from '@sallyport/credentials'
import { CommandFailure } from '../command-line/command.ts'
import { type Home, inHome } from './home.ts'
import { readJsonFile } from './private-file.ts'

/** Where a client's private key is looked for at a start. */
export const clientKeyFile = (home: Home, clientId: string): string => inHome(home, `${clientId}.key.json`)

/**
 * The private key by which a part proves itself to the authority (private_key_jwt, RFC 7523).
 *
 * @param configured  the file of the configuration, which must be there then
 * @returns `undefined` when none is configured and the home has none
 * @throws CommandFailure `client_key_unusable` (exit 3)
 */
export function partClientKey(home: Home, clientId: string, configured: string | undefined): SigningKey | undefined {
  const path = configured === undefined ? clientKeyFile(home, clientId) : resolve(configured)
  const jwk = readJwk(path)
  if (jwk === undefined && configured === undefined) return undefined
  if (jwk !== undefined && process.platform !== 'win32' && isReadByOthers(path))
    throw unusable(path, 'a file that others may read', `Run: chmod 600 ${path}`)
  const key = importPrivateJwk(jwk, algorithmOf(jwk))
  if (!isRefusal(key)) return key
  throw unusable(path, jwk === undefined ? 'no such file' : (key.got ?? 'something else'), makeOne(clientId))
}

/** A file of somebody else's, as an orchestrator mounts it, may be ours by its group. */
function isReadByOthers(path: string): boolean {
  const { mode, uid } = statSync(path)
  return (mode & (uid === process.getuid?.() ? 0o077 : 0o007)) !== 0
}

function readJwk(path: string): unknown {
  try {
    return readJsonFile(path)
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error), 'Look at the file and its rights.')
  }
}

const algorithmOf = (jwk: unknown) => {
  const { kty } = Object(jwk)
  return kty === 'RSA' ? 'PS256' : kty === 'OKP' ? 'EdDSA' : 'ES256'
}

const makeOne = (clientId: string): string =>
  `Make one where the authority is: sallyport client add ${clientId} --auth private_key_jwt --save; then copy the file.`

const unusable = (path: string, got: string, hint: string): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'client_key_unusable',
    message: `The key ${path} cannot be used.`,
    expected: 'a private JWK (RFC 7517) in a file of mode 0600',
    got,
    hint,
  })

/** There is none at all. */
export const clientKeyMissing = (home: Home, clientId: string): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'client_key_missing',
    message: `There is no key of the client ${clientId} in ${home.folder}.`,
    expected: clientKeyFile(home, clientId),
    hint: makeOne(clientId),
  })
