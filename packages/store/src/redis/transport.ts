import { StoreError } from '../store-error.ts'
import { readTlsFiles, type TlsMaterial, type TlsPaths } from '../tls-files.ts'

/** The files, as the configuration calls them. */
const FILES = { ca: 'redis.tlsCa', cert: 'redis.tlsCert', key: 'redis.tlsKey' } as const

/**
 * How the sockets to these servers are protected, as the driver takes it. Files are read anew by each call.
 *
 * @param urls  all `rediss://`, or all `redis://`: the nodes of a cluster know no other way to each other's clients
 * @throws StoreError `cannot_open` for files that cannot be used, or are named for a way without TLS
 */
export function transportTo(urls: readonly string[], paths: TlsPaths): ({ readonly tls: true } & TlsMaterial) | object {
  const isProtected = urls.map(url => new URL(url).protocol === 'rediss:')
  if (isProtected.every(Boolean)) return { tls: true, ...readTlsFiles(paths, FILES) }
  if (isProtected.some(Boolean)) throw refused('some of its URLs are rediss:// and some are not')
  const needless = (['ca', 'cert', 'key'] as const).find(file => paths[file] !== undefined)
  if (needless !== undefined) throw refused(`${FILES[needless]} is given, but its URL is not rediss://`)
  return {}
}

/** Who we are to the nodes that a cluster names: what the first of its URLs says, since they come without one. */
export function userOf([url = '']: readonly string[]): { readonly username?: string; readonly password?: string } {
  const { username, password } = new URL(url)
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  }
}

const refused = (problem: string): StoreError =>
  new StoreError('cannot_open', `Redis is not connected to: ${problem}.`, 'Use rediss:// for all, or name no files.')
