import { hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../store-error.ts'
import { createKeyFile, readKeyFile, writeKeyFile } from './key-file.ts'

const KEY_BYTES = 32
const ID_BYTES = 9
const KEY_PREFIX = 'mk1.'
const FILE_NAME = 'master.key'
const VARIABLE = 'SALLYPORT_MASTER_KEY'

/**
 * The key that everything sealed hangs on. It protects copies and backups of the data, not a machine that was taken
 * over. The newest key seals; older ones, kept until all is sealed again, only open.
 */
export interface MasterKey {
  /** Where it comes from, for messages: the path of the file, or the variable's name. */
  readonly origin: string
  /** The id of the newest key. An id is derived from its key and tells nothing about it. */
  id(): string
  /**
   * 32 bytes for one purpose, by HKDF-SHA-256 (RFC 5869): the newest key's, or that of the key with `id`.
   * @throws StoreError `wrong_key` when no key has that id
   */
  subkey(purpose: string, id?: string): Uint8Array
  /** Puts a new key in front, in the file too. @throws StoreError `unusable_key` when it came by the environment */
  begin(): void
  /** Forgets all but the newest key and the one before it, which a process that runs since before may still use. */
  settle(): void
}

/**
 * Opens the master key: the environment's `SALLYPORT_MASTER_KEY` (newest first, comma between), or the file
 * `master.key` in `home`, made with mode 0600 at the first start. A key is never replaced: when the file is gone but
 * databases are there, the start ends with `missing_key`.
 *
 * @param home         the data folder, made with mode 0700 when missing
 * @param environment  usually `process.env`; only `SALLYPORT_MASTER_KEY` is read
 * @throws StoreError  `missing_key`, `unusable_key` (malformed, or readable by others), `read_only`, `disk_full`
 */
export function openMasterKey(options: {
  home: string
  environment: Readonly<Record<string, string | undefined>>
}): MasterKey {
  const given = options.environment[VARIABLE]
  if (given !== undefined && given !== '') return keyring(VARIABLE, () => given)
  const path = join(options.home, FILE_NAME)
  if (!existsSync(path)) {
    const data = existsSync(options.home) ? readdirSync(options.home).filter(name => name.endsWith('.db')) : []
    if (data.length > 0) {
      const problem = `The master key ${path} is missing, but ${data.join(', ')} is sealed with it.`
      throw new StoreError('missing_key', problem, `Restore the file from your backup, or set ${VARIABLE}.`)
    }
    createKeyFile(path, newKey())
  }
  return keyring(
    path,
    () => readKeyFile(path),
    text => writeKeyFile(path, text),
  )
}

/** A new key in the form that the file and the environment hold, for operators who keep keys elsewhere. */
export function newKey(): string {
  return KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
}

function keyring(origin: string, read: () => string, write?: (text: string) => void): MasterKey {
  let keys: readonly Key[] = parseKeys(origin, read())
  const subkeys = new Map<string, Uint8Array>()
  const find = (id: string) => keys.find(key => key.id === id)
  const save = (next: readonly Key[]) => {
    if (write === undefined) {
      const hint = `Set ${VARIABLE} to the new key, a comma and the old one, restart, and have the stores sealed again.`
      throw new StoreError('unusable_key', `The master key is given by ${VARIABLE} and cannot be changed here.`, hint)
    }
    write(`${next.map(key => key.text).join('\n')}\n`)
    keys = next
  }
  return {
    origin,
    id: () => newest(keys).id,
    subkey(purpose, id = newest(keys).id) {
      const name = `${id} ${purpose}`
      const known = subkeys.get(name)
      if (known !== undefined) return known
      if (find(id) === undefined) keys = parseKeys(origin, read()) // another process may have rotated it
      const key = find(id)
      if (key === undefined) {
        const problem = `The data is sealed with master key ${id}, but ${origin} holds ${keys.map(k => k.id).join(', ')}.`
        throw new StoreError('wrong_key', problem, 'Give the key that the data was sealed with.')
      }
      const subkey = derive(key.bytes, purpose, KEY_BYTES)
      subkeys.set(name, subkey)
      return subkey
    },
    begin() {
      const [added] = parseKeys(origin, newKey())
      save([added, ...parseKeys(origin, read())])
    },
    settle: () => save(parseKeys(origin, read()).slice(0, 2)),
  }
}

interface Key {
  readonly id: string
  readonly bytes: Uint8Array
  readonly text: string
}

function newest(keys: readonly Key[]): Key {
  const [key] = keys
  if (key === undefined) throw new StoreError('unusable_key', 'There is no master key.', 'Give one.')
  return key
}

function parseKeys(origin: string, text: string): [Key, ...Key[]] {
  const keys = text.split(/[\s,]+/).filter(part => part !== '')
  const [first, ...rest] = keys.map(part => parseKey(origin, part))
  if (first === undefined) throw new StoreError('unusable_key', `${origin} holds no master key.`, FORM_HINT)
  return [first, ...rest]
}

const FORM_HINT = `A key is "${KEY_PREFIX}" and ${KEY_BYTES} random bytes in base64url; restore it from your backup.`

function parseKey(origin: string, text: string): Key {
  const bytes = Buffer.from(text.slice(KEY_PREFIX.length), 'base64url')
  if (!text.startsWith(KEY_PREFIX) || bytes.length !== KEY_BYTES) {
    throw new StoreError('unusable_key', `${origin} holds something that is not a master key.`, FORM_HINT)
  }
  return { id: Buffer.from(derive(bytes, 'id', ID_BYTES)).toString('base64url'), bytes, text }
}

function derive(key: Uint8Array, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), `sallyport ${purpose}`, length))
}
