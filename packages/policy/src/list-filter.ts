import { ask } from './ask.ts'
import type { PolicyInput } from './decision.ts'
import type { EngineOptions } from './engine.ts'
import type { PolicyFailure, PolicySource } from './source.ts'

/** Who owns an object; the type keeps a machine apart from a user of the same name. */
export interface Owner {
  readonly type: 'user' | 'client'
  readonly id: string
}

/**
 * Which objects a list may hold, for the service's own query, so that a list is filtered where it is read and never
 * afterwards: all, those of the owners named (of nobody, if none is named), or refused for want of an answer.
 */
export type ListFilter = { readonly all: true } | { readonly owners: readonly Owner[] } | { readonly refused: string }

/** The filter rule of a source, such as `orders/filter`. Like an engine it never throws: no clean answer is `refused`. */
export function listFilter(source: PolicySource, entrypoint: string, options: EngineOptions = {}) {
  const question = {
    source,
    entrypoint,
    read: readFilter,
    refuse(failure: PolicyFailure): ListFilter {
      options.onFailure?.(failure)
      return { refused: failure.reason }
    },
  }
  return (input: PolicyInput): ListFilter | Promise<ListFilter> => ask(question, input)
}

function readFilter(raw: unknown): ListFilter | undefined {
  if (typeof raw !== 'object' || raw === null || Object.keys(raw).length !== 1) return undefined
  if ('all' in raw) return raw.all === true ? { all: true } : undefined
  if (!('owners' in raw) || !Array.isArray(raw.owners)) return undefined
  const owners: readonly unknown[] = raw.owners
  return owners.every(isOwner) ? { owners } : undefined
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('id' in value)) return false
  return (value.type === 'user' || value.type === 'client') && typeof value.id === 'string' && value.id !== ''
}
