import { leavesMachine } from '../own-machine.ts'
import { StoreError } from '../store-error.ts'
import { readTlsFiles } from '../tls-files.ts'

const HINT =
  'Say sslmode=verify-full (and sslrootcert=… for a CA of your own), or sslmode=disable on a network of yours alone.'

/** Say in another way how a connection is protected, some of them that anybody may answer. */
const OTHER_WAYS = ['ssl', 'uselibpqcompat']

/** The files, as libpq and our driver call them; the driver reads them anew for each connection. */
const FILES = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const

/**
 * A connection to another machine is encrypted and the server proves its name, or the URL says in so many words that it is
 * neither. Anything between (`require`, `prefer`, `no-verify`, nothing at all) encrypts to whoever answers, or does not, by
 * the driver and its version. The files that the URL names are read once here, so that what is wrong with them is said at
 * the start.
 *
 * @throws StoreError `cannot_open`
 */
export function checkTransport(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined) return // no address at all, as the driver says
  checkMode(parsed)
  const path = (name: string) => parsed.searchParams.getAll(name).at(-1) || undefined
  readTlsFiles({ ca: path(FILES.ca), cert: path(FILES.cert), key: path(FILES.key) }, FILES)
}

function checkMode({ hostname, searchParams }: URL): void {
  const other = OTHER_WAYS.find(name => searchParams.has(name))
  if (other !== undefined) throw refused(`its URL has ${other}`)
  const [mode, ...more] = searchParams.getAll('sslmode')
  if (more.length > 0) throw refused('its URL has several sslmode')
  if (mode === 'verify-full' || mode === 'disable') return
  if (mode !== undefined) throw refused(`sslmode=${mode.slice(0, 20)} leaves open who answers`)
  const host = searchParams.getAll('host').at(-1) ?? hostname
  if (leavesMachine(host)) throw refused('its URL has no sslmode, so the way to it would be open')
}

function refused(problem: string): StoreError {
  return new StoreError('cannot_open', `Postgres is not connected to: ${problem}.`, HINT)
}
