import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { StoreError } from './store-error.ts'

/** Paths of PEM files that protect the way to a store. */
export interface TlsPaths {
  /** Who may vouch for the server, instead of the authorities that Node knows. */
  readonly ca?: string | undefined
  /** This process's certificate and what leads from it to an authority that the server knows. */
  readonly cert?: string | undefined
  /** Its private key, without a passphrase. */
  readonly key?: string | undefined
}

/** What the files hold, as `tls.connect` takes it. */
export type TlsMaterial = Readonly<Partial<Record<keyof TlsPaths, string>>>

/** How the user calls each file: `sslkey`, `redis.tlsKey`. */
export type TlsSettings = Readonly<Record<keyof TlsPaths, string>>

/** Rights of others that libpq refuses in a key: all of them, but of root's file a group may read, as an orchestrator mounts it. */
const REFUSED_RIGHTS = 0o077
const REFUSED_RIGHTS_OF_ROOTS = 0o037

/**
 * Reads the files and judges them as far as they go without a server: they are there, they are what they should be, the
 * key is nobody else's and belongs to the certificate.
 *
 * @throws StoreError `cannot_open`, one line that names the setting and the file, and holds nothing of what is in it
 */
export function readTlsFiles(paths: TlsPaths, settings: TlsSettings): TlsMaterial {
  const of = (file: keyof TlsPaths) => `${settings[file]} (${paths[file]})`
  const text = (file: keyof TlsPaths) => readText(paths[file], of(file))
  if ((paths.cert === undefined) !== (paths.key === undefined)) {
    const [given, missing] = paths.key === undefined ? (['cert', 'key'] as const) : (['key', 'cert'] as const)
    throw refused(`${of(given)} is nothing without ${settings[missing]}`, 'Name both, or neither.')
  }
  const [ca, cert, key] = [text('ca'), text('cert'), text('key')]
  if (ca !== undefined) certificateIn(ca, of('ca'))
  if (cert === undefined || key === undefined) return { ...(ca !== undefined && { ca }) }
  checkRights(paths.key ?? '', of('key'))
  if (!certificateIn(cert, of('cert')).checkPrivateKey(privateKeyIn(key, of('key')))) {
    throw refused(`${of('key')} is not the key of ${of('cert')}`, 'Name the files of one pair.')
  }
  return { ...(ca !== undefined && { ca }), cert, key }
}

function readText(path: string | undefined, name: string): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw refused(`${name} cannot be read (${code})`, 'Look at the path, and at the rights of this user.')
  }
}

function checkRights(path: string, name: string): void {
  const { mode, uid } = statSync(path)
  if (process.platform === 'win32' || (mode & (uid === 0 ? REFUSED_RIGHTS_OF_ROOTS : REFUSED_RIGHTS)) === 0) return
  throw refused(`${name} is open to other users`, `Run: chmod 600 ${path} (a file of root's may be 0640).`)
}

function certificateIn(text: string, name: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch {
    throw refused(`${name} holds no certificate`, 'Name a PEM file with -----BEGIN CERTIFICATE-----.')
  }
}

function privateKeyIn(text: string, name: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    throw refused(`${name} holds no private key, or one under a passphrase`, 'Name a PEM file without a passphrase.')
  }
}

const refused = (problem: string, hint: string): StoreError => new StoreError('cannot_open', `${problem}.`, hint)
