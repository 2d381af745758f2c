import type { Along, MaybePromise, PeekedWith, Reference, References, Stored } from './contract.ts'
import { StoreError } from './store-error.ts'

const none: References = {}

/** What stands between the members of a path where it is one text. */
export const pathSeparator = '\u001f'

/** The key that a reference finds in a value; `undefined` where there is no text. */
export function keyIn(value: unknown, { path, prefix = '' }: Reference): string | undefined {
  let found = value
  for (const member of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, member)) return undefined
    found = (found as Readonly<Record<string, unknown>>)[member]
  }
  return typeof found === 'string' ? prefix + found : undefined
}

type Peek = (kind: string, key: string) => MaybePromise<Stored | undefined>

/** `peekWith` by one peek after the other, for a store in which none of them is a round trip. */
export function peekEach(
  peek: Peek,
  kind: string,
  key: string,
  references: References,
): MaybePromise<PeekedWith | undefined> {
  const follow = (record: Stored | undefined): MaybePromise<PeekedWith | undefined> => {
    if (record === undefined) return undefined
    const along = peekAlong(peek, record, references)
    return along instanceof Promise ? along.then(found => ({ record, along: found })) : { record, along }
  }
  const record = peek(kind, key)
  return record instanceof Promise ? record.then(follow) : follow(record)
}

/** Those that a record names, in the same way. */
export function peekAlong(peek: Peek, { value }: Stored, references: References): MaybePromise<Along> {
  const along: Record<string, PeekedWith | undefined> = {}
  const late: Promise<void>[] = []
  for (const [name, reference] of Object.entries(references)) {
    const named = keyIn(value, reference)
    const of = named === undefined ? undefined : peekEach(peek, reference.kind, named, reference.along ?? none)
    along[name] = undefined // its place in the order, whoever comes first
    const put = (found: PeekedWith | undefined) => {
      along[name] = found
    }
    if (of instanceof Promise) late.push(of.then(put))
    else put(of)
  }
  return late.length === 0 ? along : Promise.all(late).then(() => along)
}

/**
 * What a `take` shows beside what it took. It is taken by then, so a look that fails must not read as if nothing were written.
 *
 * @throws StoreError `outcome_unknown`
 */
export async function lookBehind(look: () => MaybePromise<Along>): Promise<Along> {
  try {
    return await look()
  } catch (cause) {
    const problem = 'It was taken, and who stands behind it could not be read.'
    throw new StoreError('outcome_unknown', problem, 'Peek before trying again.', { cause })
  }
}

/** One of the references of a `peekWith`, as a list has them. */
export interface FlatReference {
  readonly name: string
  readonly reference: Reference
  /** Place in the list, from 1, of the reference whose record has it; 0: the record that is shown. */
  readonly parent: number
}

/** All references, each after the one that leads to it. */
export function flatReferences(references: References): readonly FlatReference[] {
  const flat: FlatReference[] = []
  const add = (those: References, parent: number) => {
    for (const [name, reference] of Object.entries(those))
      add(reference.along ?? none, flat.push({ name, reference, parent }))
  }
  add(references, 0)
  return flat
}
