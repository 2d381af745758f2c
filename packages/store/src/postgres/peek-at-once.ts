import type { PeekedWith, References, Stored } from '../contract.ts'
import { spellName } from '../names.ts'
import type { RecordCodec } from '../record-codec.ts'
import { flatReferences, keyIn } from '../references.ts'
import { StoreError } from '../store-error.ts'
import { sqlState } from './postgres-errors.ts'
import type { Reader } from './reader.ts'

/** What is asked for, as the contract's verb was given it. */
interface Asked {
  readonly kind: string
  readonly key: string
  readonly references: References
}

interface Parts {
  readonly nowSeconds: () => number
  readonly codec: RecordCodec
  readonly reader: Reader
}

/** JSON that the server cannot read: sealed text, or a text with NUL in it. */
const unreadable: ReadonlySet<string> = new Set(['22P02', '22P05'])

/**
 * `peekWith` in one statement, in which the server reads the names.
 *
 * @param names  of the record, as spelled
 * @returns `undefined` when the server cannot, because a value is sealed or a name is spelled otherwise than it is written;
 *   then somebody has to ask for each
 */
export async function peekAtOnce(
  names: readonly [tenant: string, kind: string, key: string],
  { kind, key, references }: Asked,
  { reader, codec, nowSeconds }: Parts,
): Promise<PeekedWith | 'unknown' | undefined> {
  const [tenant] = names
  const flat = flatReferences(references)
  if (flat.some(({ parent }) => codec.isSealed(flat[parent - 1]?.reference.kind ?? kind))) return undefined
  const rows = await reader.peekWith(...names, nowSeconds(), flat).catch(unlessUnreadable)
  const row = rows?.get(0)
  if (rows === undefined || row === undefined) return rows && 'unknown'
  const found: (Found | undefined)[] = [shown(codec.decode(names, kind, key, row))]
  for (const [at, { name, parent, reference }] of flat.entries()) {
    const by = found[parent]
    const named = by && keyIn(by.record.value, reference)
    const spelled = named && spellName(named)
    if (spelled !== named) return undefined
    const other = named === undefined ? undefined : rows.get(at + 1)
    const of = other && shown(codec.decode([tenant, reference.kind, named ?? ''], reference.kind, named ?? '', other))
    found.push(of)
    if (by !== undefined) by.along[name] = of
  }
  return found[0]
}

interface Found {
  readonly record: Stored
  readonly along: Record<string, Found | undefined>
}

const shown = (record: Stored): Found => ({ record, along: {} })

function unlessUnreadable(error: unknown): undefined {
  if (error instanceof StoreError && unreadable.has(sqlState(error.cause) ?? '')) return undefined
  throw error
}
