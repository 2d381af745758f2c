import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

/** A decision of either door, as the demo's file joins them. */
export interface StoredDecision {
  /** 1, 2, or 0 for what is refused before any door: limits, routes. */
  readonly door: number
  readonly request_id: string
  readonly outcome: string
  readonly reason: string | undefined
  /** Unix seconds. */
  readonly at: number
  /** All else on record. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** How much of the file's end is looked at: tens of thousands of decisions. */
const tailBytes = 16 * 1024 * 1024

/** The id of the newest request that was decided. */
export const lastRequest = (path: string): string | undefined => tail(path).at(-1)?.request_id

/**
 * What was decided about a request, oldest first.
 *
 * @param bytes  how much of the file's end is looked at
 */
export const decisionsOf = (path: string, requestId: string, bytes = tailBytes): readonly StoredDecision[] =>
  tail(path, bytes).filter(decision => decision.request_id === requestId)

function tail(path: string, atMost = tailBytes): readonly StoredDecision[] {
  if (!existsSync(path)) return []
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const length = Math.min(size, atMost)
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, size - length)
    return bytes.toString('utf8').split('\n').flatMap(readDecision)
  } finally {
    closeSync(file)
  }
}

/** Door two's records say `outcome`; refusals of door one are log lines that say `code`. Other lines are no decision. */
function readDecision(line: string): readonly StoredDecision[] {
  const record = parsed(line)
  const {
    door,
    request_id,
    outcome,
    reason,
    code,
    at,
    event: _event,
    level: _level,
    status: _status,
    see: _see,
    ...facts
  } = record
  if (typeof request_id !== 'string' || typeof door !== 'number') return []
  const said = reason ?? code
  const time = typeof at === 'number' ? at : Date.parse(String(at)) / 1000
  const named = typeof said === 'string' ? said : undefined
  return [{ door, request_id, outcome: typeof outcome === 'string' ? outcome : 'deny', reason: named, at: time, facts }]
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  } catch (error) {
    // The first line of a tail may be cut.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
