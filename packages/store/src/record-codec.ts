import type { NewRecord, Stored, Write } from './contract.ts'
import { spellName, spellNewName } from './names.ts'
import { SEALED_PREFIX, type Sealer } from './sealing/sealer.ts'
import { StoreError } from './store-error.ts'

/** Bytes of UTF-8 that a value may have as JSON. */
const VALUE_BYTES_MAX = 16 * 1024 * 1024

/** The columns of a record apart from its name. */
export interface RecordColumns {
  readonly value: string
  readonly version: number
  readonly expiresAt: number | undefined
  readonly usedAt: number | undefined
}

/** A write as an adapter keeps it: names spelled, values rendered and sealed. */
export type EncodedWrite =
  | {
      readonly how: 'put' | 'insert' | 'replace'
      readonly kind: string
      readonly key: string
      readonly value: string
      readonly expiresAt: number | undefined
      /** The version that `replace` wants to find. */
      readonly version: number | undefined
      readonly index: readonly (readonly [name: string, value: string])[]
    }
  | { readonly how: 'remove'; readonly kind: string; readonly key: string }
  | { readonly how: 'append'; readonly stream: string; readonly value: string; readonly expiresAt: number }

/** Between the contract's values and what is in the file: spelled names, JSON, sealed where the kind says so. */
export class RecordCodec {
  readonly #sealer: Sealer
  readonly #sealedKinds: ReadonlySet<string>

  constructor(sealer: Sealer, sealedKinds: readonly string[]) {
    this.#sealer = sealer
    this.#sealedKinds = new Set(sealedKinds)
  }

  /** @param tenant as spelled. @throws StoreError `invalid_write` */
  encode(tenant: string, write: Write): EncodedWrite {
    if ('put' in write) return this.#encodeRecord(tenant, 'put', write.put, undefined)
    if ('insert' in write) return this.#encodeRecord(tenant, 'insert', write.insert, undefined)
    if ('replace' in write) return this.#encodeRecord(tenant, 'replace', write.replace, write.version)
    if ('remove' in write) {
      // An empty name is no record's: removing what cannot exist does nothing.
      return { how: 'remove', kind: spellName(write.remove.kind) ?? '', key: spellName(write.remove.key) ?? '' }
    }
    const { stream, value, expiresAt } = write.append
    checkTime(expiresAt)
    return { how: 'append', stream: spellNewName('stream', stream), value: renderJson(value), expiresAt }
  }

  /** @param names as spelled. @throws StoreError `unsealed`, `wrong_key` */
  decode<V>(
    names: readonly [tenant: string, kind: string, key: string],
    kind: string,
    key: string,
    row: RecordColumns,
  ): Stored<V> {
    const { version, expiresAt, usedAt } = row
    return { kind, key, value: JSON.parse(this.openText(names, row.value)) as V, version, expiresAt, usedAt }
  }

  /** @param kind as spelled */
  isSealed(kind: string): boolean {
    return this.#sealedKinds.has(kind)
  }

  /** What is stored as JSON. @throws StoreError `unsealed`, `wrong_key` */
  openText(names: readonly [tenant: string, kind: string, key: string], text: string): string {
    if (this.#sealedKinds.has(names[1])) return this.#sealer.open(text, sealContext(names))
    if (!text.startsWith(SEALED_PREFIX)) return text
    throw new StoreError('unsealed', `Records of the kind ${names[1]} are sealed.`, 'Name the kind in sealedKinds.')
  }

  /** JSON as it is stored. */
  sealText(names: readonly [tenant: string, kind: string, key: string], json: string): string {
    return this.#sealedKinds.has(names[1]) ? this.#sealer.seal(json, sealContext(names)) : json
  }

  /** The text sealed under the newest key, or `undefined` when it is already. */
  reseal(tenant: string, kind: string, key: string, text: string): string | undefined {
    if (this.#sealer.isCurrent(text)) return undefined
    const context = sealContext([tenant, kind, key])
    return this.#sealer.seal(this.#sealer.open(text, context), context)
  }

  #encodeRecord(
    tenant: string,
    how: 'put' | 'insert' | 'replace',
    record: NewRecord,
    version: number | undefined,
  ): EncodedWrite {
    const [kind, key] = [spellNewName('kind', record.kind), spellNewName('key', record.key)]
    if (record.expiresAt !== undefined) checkTime(record.expiresAt)
    const json = renderJson(record.value)
    const value = this.sealText([tenant, kind, key], json)
    const index = Object.entries(record.index ?? {}).map(
      ([name, of]) => [spellNewName('index name', name), spellNewName('index value', of)] as const,
    )
    return { how, kind, key, value, expiresAt: record.expiresAt, version, index }
  }
}

function sealContext(names: readonly [tenant: string, kind: string, key: string]): string {
  return JSON.stringify(names)
}

function renderJson(value: unknown): string {
  const json = JSON.stringify(value)
  if (json === undefined)
    throw new StoreError('invalid_write', 'A value that is not JSON cannot be stored.', 'Use null.')
  // A character is three bytes of UTF-8 at most.
  if (3 * json.length > VALUE_BYTES_MAX && Buffer.byteLength(json) > VALUE_BYTES_MAX) {
    throw new StoreError(
      'invalid_write',
      'A value is too large to be stored.',
      `The limit is ${VALUE_BYTES_MAX} bytes.`,
    )
  }
  return json
}

/** @throws StoreError `invalid_write` */
export function checkTime(expiresAt: number): void {
  if (Number.isSafeInteger(expiresAt)) return
  throw new StoreError('invalid_write', `${expiresAt} is not a time.`, 'expiresAt is in whole Unix seconds.')
}
