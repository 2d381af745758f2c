import type { DatabaseSync } from 'node:sqlite'
import type { ChainHead } from '../audit/record.ts'
import type { EncodedWrite } from '../record-codec.ts'
import { readWrites } from './packed-writes.ts'
import { AUDIT, type FieldReader } from './packing.ts'
import { type Columns, prepareRows, type RowStatement } from './row-statement.ts'
import { SQL } from './statements.ts'
import type { Versions } from './versions.ts'

export type Statements = Record<keyof typeof SQL, RowStatement>

/** The audit trail, as operations know it. */
interface Trail {
  stage(record: string): void
  heads(): Readonly<Record<string, ChainHead>>
}

/** Takes the audit record of an operation that succeeded; empty when it has none. */
type Stage = (record: string) => void

/**
 * Reads the next operation of a group, applies it inside the group's transaction and answers its verdict. A verdict is
 * the operation's own: when a condition does not hold, what the operation wrote before it is undone, and nothing else.
 */
export function applyOperation(
  fields: FieldReader,
  now: number,
  run: Statements,
  versions: Versions,
  outbox: Trail,
): readonly string[] {
  const operation = fields.text()
  const stage = (record: string) => {
    if (record !== '') outbox.stage(record)
  }
  switch (operation) {
    case 'take':
      return take(fields, now, run, versions, stage)
    case 'claim':
      return claim(fields, now, run)
    case 'commit':
      return commit(fields, now, run, versions, stage)
    case AUDIT:
      stage(fields.text())
      return []
    case 'heads':
      return [JSON.stringify(outbox.heads())]
    case 'reseal':
      return [String(run.reseal.run(fields.text(), fields.text(), fields.text(), fields.text(), fields.text()).changes)]
    case 'sweep':
      return [String(sweep(fields.integer(), now, run))]
    default:
      throw new RangeError(`unknown operation ${operation}`)
  }
}

/** Prepares all statements, once. */
export function prepared(database: DatabaseSync): Statements {
  const statements = Object.entries(SQL).map(([name, sql]) => [name, prepareRows(database, sql)])
  return Object.fromEntries(statements)
}

function take(fields: FieldReader, now: number, run: Statements, versions: Versions, stage: Stage): readonly string[] {
  const [tenant, kind, key, audit] = [fields.text(), fields.text(), fields.text(), fields.text()]
  const writes = readWrites(fields)
  const undoable = writes.some(isConditional)
  if (undoable) run.savepoint.run()
  // As it was taken; the writes may put another there.
  const won = run.take.get(now, versions.next(), tenant, kind, key, now)
  const conflict = won && applyWrites(tenant, writes, now, run, versions)
  if (undoable) closeSavepoint(conflict !== undefined, run, versions)
  if (conflict !== undefined) return ['conflict', String(conflict)]
  if (won === undefined) {
    const lost = run.peek.get(tenant, kind, key, now)
    return lost === undefined ? ['unknown'] : ['lost', ...recordFields(lost)]
  }
  stage(audit)
  return ['won', ...recordFields(won)]
}

function claim(fields: FieldReader, now: number, run: Statements): readonly string[] {
  const [tenant, kind, hash, expiresAt] = [fields.text(), fields.text(), fields.text(), fields.integer()]
  if (expiresAt < now) return ['lost']
  return [run.claim.run(tenant, kind, hash, expiresAt, now).changes === 1 ? 'won' : 'lost']
}

function commit(
  fields: FieldReader,
  now: number,
  run: Statements,
  versions: Versions,
  stage: Stage,
): readonly string[] {
  const [tenant, audit] = [fields.text(), fields.text()]
  const writes = readWrites(fields)
  const undoable = writes.slice(1).some(isConditional)
  if (undoable) run.savepoint.run()
  const conflict = applyWrites(tenant, writes, now, run, versions)
  if (undoable) closeSavepoint(conflict !== undefined, run, versions)
  if (conflict !== undefined) return ['conflict', String(conflict)]
  stage(audit)
  return ['committed']
}

/** Only what can fail after something was written needs a savepoint. */
function isConditional(write: EncodedWrite): boolean {
  return write.how === 'insert' || write.how === 'replace'
}

function closeSavepoint(undo: boolean, run: Statements, versions: Versions): void {
  if (undo) {
    run.undo.run()
    versions.forget()
  }
  run.release.run()
}

/** @returns the place of the first write whose condition did not hold; the ones before it are written by then */
function applyWrites(
  tenant: string,
  writes: readonly EncodedWrite[],
  now: number,
  run: Statements,
  versions: Versions,
): number | undefined {
  const conflict = writes.findIndex(write => !applyWrite(tenant, write, now, run, versions))
  return conflict < 0 ? undefined : conflict
}

function applyWrite(tenant: string, write: EncodedWrite, now: number, run: Statements, versions: Versions): boolean {
  switch (write.how) {
    case 'append': {
      const seq = run.nextSeq.get(tenant, write.stream)?.[0] ?? null
      run.append.run(tenant, write.stream, seq, write.value, write.expiresAt)
      return true
    }
    case 'remove':
      run.remove.run(tenant, write.kind, write.key)
      return true
    default:
      return applyRecord(tenant, write, now, run, versions)
  }
}

function applyRecord(
  tenant: string,
  write: Extract<EncodedWrite, { how: 'put' | 'insert' | 'replace' }>,
  now: number,
  run: Statements,
  versions: Versions,
): boolean {
  const { kind, key, value } = write
  const version = versions.next()
  const expiresAt = write.expiresAt ?? null
  // Most records are new ones, and those have no index that would have to go.
  const isNew = write.how !== 'replace' && run.insertNew.run(tenant, kind, key, value, version, expiresAt).changes === 1
  if (!isNew) {
    const written = {
      put: () => run.put.run(tenant, kind, key, value, version, expiresAt),
      insert: () => run.insert.run(tenant, kind, key, value, version, expiresAt, now),
      replace: () => run.replace.run(value, version, expiresAt, tenant, kind, key, write.version ?? -1, now),
    }[write.how]()
    if (written.changes !== 1) return false
    run.clearIndex.run(tenant, kind, key)
  }
  for (const [name, of] of write.index) run.addIndex.run(tenant, kind, name, of, key)
  return true
}

function sweep(limit: number, now: number, run: Statements): number {
  const swept = [run.sweepRecords, run.sweepClaims, run.sweepEntries].map(statement => statement.run(now, limit))
  return Math.max(...swept.map(({ changes }) => Number(changes)))
}

function recordFields([_key, value, version, expiresAt, usedAt]: Columns): readonly string[] {
  return [String(value), String(version), String(expiresAt ?? ''), String(usedAt ?? '')]
}
