import type { ClientConfig } from 'pg'
import { leavesMachine } from '../own-machine.ts'
import { StoreError } from '../store-error.ts'
import { readTlsFiles, type TlsMaterial, type TlsPaths } from '../tls-files.ts'

const HINT =
  'Say sslmode=verify-full (and sslrootcert=… for a CA of your own), or sslmode=disable on a network of yours alone.'
const FORM = 'Write postgres://user:password@host:port/database, and what is special in a password as %XX.'

/** Say in another way how a connection is protected, some of them that anybody may answer. */
const OTHER_WAYS = ['ssl', 'uselibpqcompat']

/** The files, as libpq and our driver call them. */
const FILES = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const

/** Are nothing without TLS. */
const OF_TLS = [...Object.values(FILES), 'sslnegotiation']

/** What else of a URL the driver is told. */
const SETTINGS = [
  'application_name',
  'client_encoding',
  'fallback_application_name',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'options',
  'sslnegotiation',
  'statement_timeout',
]

/** Where a URL leads, and how the way there is protected. */
export interface Transport {
  /** As the driver takes it, without `ssl`. */
  readonly to: ClientConfig & { readonly host: string }
  /** Of TLS to a server that proves its name; `undefined` for an open way. */
  readonly tls: TlsPaths | undefined
}

/**
 * A connection to another machine is encrypted and the server proves its name, or the URL says in so many words that it is
 * neither. Anything between (`require`, `prefer`, `no-verify`, nothing at all) encrypts to whoever answers, or does not, by
 * the driver and its version.
 *
 * The driver never sees the URL: it would read some in another way than we do, so that what was judged is not what is done.
 *
 * @throws StoreError `cannot_open`
 */
export function transportOf(url: string): Transport {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(?:ql)?:$/.test(parsed.protocol)) {
    throw refused('its URL cannot be read as one of postgres://', FORM)
  }
  const words = new Map(parsed.searchParams)
  const to = destinationOf(parsed, words)
  return { to, tls: isProtected(parsed.searchParams, to.host) ? pathsIn(words) : undefined }
}

/** What the driver takes for `ssl`. Files are read anew by each call. @throws StoreError `cannot_open` */
export function sslOf({ tls }: Transport): false | TlsMaterial {
  return tls !== undefined && readTlsFiles(tls, FILES)
}

/** Judges a URL and the files that it names, so that what is wrong is said at the start. @throws StoreError `cannot_open` */
export function checkTransport(url: string): void {
  sslOf(transportOf(url))
}

function destinationOf(parsed: URL, words: ReadonlyMap<string, string>) {
  const { username, password, hostname, pathname } = parsed
  const port = words.get('port') || parsed.port
  if (!/^\d{0,5}$/.test(port)) throw refused('the port of its URL is no number', FORM)
  const destination = {
    // Never empty: an empty one would be what the environment says (PGHOST).
    host: words.get('host') || decoded(hostname).replace(/^\[(.+)\]$/, '$1') || 'localhost',
    port: port === '' ? undefined : Number(port),
    user: words.get('user') || decoded(username),
    password: words.get('password') || decoded(password),
    database: decoded(pathname.slice(1)),
  }
  return { ...Object.fromEntries([...words].filter(([name]) => SETTINGS.includes(name))), ...destination }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refused('its URL has a % that encodes nothing', FORM)
  }
}

function isProtected(words: URLSearchParams, host: string): boolean {
  const other = OTHER_WAYS.find(name => words.has(name))
  if (other !== undefined) throw refused(`its URL has ${other}`)
  const [mode, ...more] = words.getAll('sslmode')
  if (more.length > 0) throw refused('its URL has several sslmode')
  if (mode === 'verify-full') return true
  if (mode !== undefined && mode !== 'disable') throw refused(`sslmode=${mode.slice(0, 20)} leaves open who answers`)
  const needless = OF_TLS.find(name => words.has(name))
  if (needless !== undefined) throw refused(`its URL has ${needless}, but not sslmode=verify-full`)
  if (mode === undefined && leavesMachine(host)) throw refused('its URL has no sslmode, so the way to it would be open')
  return false
}

function pathsIn(words: ReadonlyMap<string, string>): TlsPaths {
  const empty = Object.values(FILES).find(name => words.get(name) === '')
  if (empty !== undefined) throw refused(`its URL has an empty ${empty}`, 'Name a file, or leave the word out.')
  return { ca: words.get(FILES.ca), cert: words.get(FILES.cert), key: words.get(FILES.key) }
}

function refused(problem: string, hint = HINT): StoreError {
  return new StoreError('cannot_open', `Postgres is not connected to: ${problem}.`, hint)
}
