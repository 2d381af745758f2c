import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
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

/** What the files hold, as `tls.connect` takes it, and that the server has to prove who it is. */
export type TlsMaterial = Readonly<Partial<Record<keyof TlsPaths, string>>> & {
  /** Said though it is the default, which the environment can change (NODE_TLS_REJECT_UNAUTHORIZED). */
  readonly rejectUnauthorized: true
}

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
  const of = (file: keyof TlsPaths) => `${settings[file]} (${shown(paths[file])})`
  const read = (file: keyof TlsPaths) => readFile(paths[file], of(file))
  if ((paths.cert === undefined) !== (paths.key === undefined)) {
    const [given, missing] = paths.key === undefined ? (['cert', 'key'] as const) : (['key', 'cert'] as const)
    throw refused(`${of(given)} is nothing without ${settings[missing]}`, 'Name both, or neither.')
  }
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')]
  if (ca !== undefined) certificateIn(ca.text, of('ca'))
  const authorities = { rejectUnauthorized: true, ...(ca !== undefined && { ca: ca.text }) } as const
  if (cert === undefined || key === undefined) return authorities
  checkRights(key.status, of('key'))
  if (!certificateIn(cert.text, of('cert')).checkPrivateKey(privateKeyIn(key.text, of('key')))) {
    throw refused(`${of('key')} is not the key of ${of('cert')}`, 'Name the files of one pair.')
  }
  return { ...authorities, cert: cert.text, key: key.text }
}

/** A path for a message: who gave the text of a file instead must not find it in a log. */
const shown = (path = ''): string => (/-----|\p{Cc}/u.test(path) ? 'a PEM text, not a path' : path)

interface OpenedFile {
  readonly text: string
  /** Of the very file that was read: a renewal may have put another in its place. */
  readonly status: Stats
}

function readFile(path: string | undefined, name: string): OpenedFile | undefined {
  if (path === undefined) return undefined
  try {
    const file = openSync(path, 'r')
    try {
      return { text: readFileSync(file, 'utf8'), status: fstatSync(file) }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw refused(`${name} cannot be read (${code})`, 'Look at the path, and at the rights of this user.')
  }
}

function checkRights({ mode, uid }: Stats, name: string): void {
  if (process.platform === 'win32' || (mode & (uid === 0 ? REFUSED_RIGHTS_OF_ROOTS : REFUSED_RIGHTS)) === 0) return
  throw refused(`${name} is open to other users`, "Give it the mode 0600 (chmod 600); a file of root's may be 0640.")
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
